// As wide as an A4 page within its margins and the frame of a plot.
const printed = 640;
const plots = [...document.querySelectorAll('[data-figure]')];
const heights = new Map();
for (const plot of plots) {
  const { data, layout } = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  heights.set(plot, layout.height);
  Plotly.newPlot(plot, data, layout, { responsive: true, displaylogo: false, displayModeBar: false, showTips: false, plotlyServerURL: '' });
}
addEventListener('beforeprint', () => {
  // Two of the usual height on a page.
  for (const [plot, height] of heights) Plotly.relayout(plot, { width: printed, height: Math.round(height * 0.85), autosize: false });
});
addEventListener('afterprint', () => {
  for (const [plot, height] of heights) Plotly.relayout(plot, { width: null, height, autosize: true });
});
