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
