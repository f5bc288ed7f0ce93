// As wide as an A4 page within its margins and the frame of a plot.
const printed = 640;
const plots = [...document.querySelectorAll('[data-figure]')];
for (const plot of plots) {
  const { data, layout } = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  Plotly.newPlot(plot, data, layout, { responsive: true, displaylogo: false, displayModeBar: false, showTips: false, plotlyServerURL: '' });
}
function wide(width) {
  for (const plot of plots) Plotly.relayout(plot, width ? { width, autosize: false } : { width: null, autosize: true });
}
addEventListener('beforeprint', () => wide(printed));
addEventListener('afterprint', () => wide(null));
