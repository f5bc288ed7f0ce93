// Plotly follows the size of the window only; a plot also changes when the navigation opens or a tab is shown.
const observers = new Map();

export function fit(frame, id) {
  let width = frame.clientWidth;
  const observer = new ResizeObserver(() => {
    const plot = document.getElementById(id);
    if (!plot || frame.clientWidth === width || frame.clientWidth === 0) return;
    width = frame.clientWidth;
    window.Plotly?.Plots.resize(plot);
  });
  observer.observe(frame);
  observers.set(id, observer);
}

export function release(id) {
  observers.get(id)?.disconnect();
  observers.delete(id);
}

// A message to the server holds 32 KB.
const mostPoints = 2000;

export function select(id, owner) {
  const plot = document.getElementById(id);
  if (!plot) return;
  // The chart is drawn a moment after it is in the page.
  if (!plot.on) {
    setTimeout(() => select(id, owner), 100);
    return;
  }
  // A page that is gone is told nothing.
  const tell = points => owner.invokeMethodAsync('OnSelected', points.slice(0, mostPoints).flatMap(p => [p.curveNumber, p.pointNumber]), points.length).catch(() => { });
  plot.on('plotly_selected', event => { if (event) tell(event.points); });
  plot.on('plotly_click', event => tell(event.points));
  plot.on('plotly_deselect', () => tell([]));
}
