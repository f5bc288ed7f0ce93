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
  whenDrawn(id, plot => {
    localise(plot);
    plot.on('plotly_afterplot', () => localise(plot));
  });
}

// The chart is drawn a moment after it is in the page.
function whenDrawn(id, act) {
  const plot = document.getElementById(id);
  if (!plot) return;
  if (plot.on) act(plot);
  else setTimeout(() => whenDrawn(id, act), 50);
}

// Where the page has a base element, Plotly refers to its clips and gradients by the whole address of the page: as soon as the query changes, nothing is there.
const elsewhere = /url\((["']?)[^"')#]*#/g;

function localise(plot) {
  for (const element of plot.querySelectorAll('[clip-path], [mask], [filter], [style*="url("]')) {
    for (const name of ['clip-path', 'mask', 'filter']) {
      const value = element.getAttribute(name);
      if (value?.includes('url(')) element.setAttribute(name, value.replace(elsewhere, 'url($1#'));
    }
    for (const name of ['fill', 'stroke']) {
      const value = element.style[name];
      if (value?.includes('url(')) element.style[name] = value.replace(elsewhere, 'url($1#');
    }
  }
}

export function release(id) {
  observers.get(id)?.disconnect();
  observers.delete(id);
}

// A message to the server holds 32 KB.
const mostPoints = 2000;

// A cell of a heat map has a line and a column; cells are counted line by line.
const place = point => Array.isArray(point.pointNumber) ? point.pointNumber[0] * point.data.z[0].length + point.pointNumber[1] : point.pointNumber;

export function select(id, owner) {
  // A page that is gone is told nothing.
  const tell = points => owner.invokeMethodAsync('OnSelected', points.slice(0, mostPoints).flatMap(p => [p.curveNumber, place(p)]), points.length).catch(() => { });
  whenDrawn(id, plot => {
    plot.on('plotly_selected', event => { if (event) tell(event.points); });
    plot.on('plotly_click', event => tell(event.points));
    plot.on('plotly_deselect', () => tell([]));
  });
}

export function save(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function picture(id, format, name) {
  const plot = document.getElementById(id);
  if (plot) window.Plotly?.downloadImage(plot, { format, filename: name, scale: format === 'svg' ? 1 : 2 });
}
