// Draws the readings that a page holds in data-points: [[seconds, value, low, high] …], oldest first.
"use strict";
for (const place of document.querySelectorAll("[data-points]")) {
  const rows = JSON.parse(place.dataset.points);
  if (rows.length < 2) { place.hidden = true; continue; }
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "gray";
  const zone = place.dataset.zone;
  const lang = place.dataset.lang === "zh" ? "zh-CN" : "en-GB";
  const day = new Intl.DateTimeFormat(lang, { timeZone: zone, month: "2-digit", day: "2-digit" });
  const hour = new Intl.DateTimeFormat(lang, { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const limit = { stroke: colour("--red"), width: 1, dash: [6, 4], points: { show: false } };
  const size = () => ({ width: Math.max(240, place.clientWidth), height: 200 });
  const chart = new uPlot({
    ...size(),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: false },
    cursor: { y: false },
    scales: { x: { time: true } },
    axes: [
      { ...axis, values: (_, at, __, ___, step) => at.map((s) => (step >= 86400 ? day : hour).format(new Date(s * 1000))) },
      { ...axis, size: 60 },
    ],
    series: [{}, { stroke: colour("--link"), width: 2, points: { show: rows.length < 80, size: 5 } }, limit, limit],
  }, [0, 1, 2, 3].map((column) => rows.map((row) => row[column])), place);
  addEventListener("resize", () => chart.setSize(size()));
}
