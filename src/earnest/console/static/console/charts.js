// Draws every element with data-chart from the JSON block of that id. Amounts come in fen, rates in
// parts per million, scores in hundredths: they are divided here, for the eye only.
"use strict";

(() => {
  const TONES = {
    blue: "#1677ff", red: "#d4380d", amber: "#faad14", orange: "#fa8c16", green: "#389e0d",
    cyan: "#13a8a8", purple: "#722ed1", pink: "#c41d7f", grey: "#8c8c8c",
  };
  const SCALES = { yuan: 100, ppm: 10000, hundredths: 100, count: 1 };
  const TEXT = "#595959";

  const write = (unit, value) => {
    if (value === null || value === undefined || value === "-") return "–";
    if (unit === "ppm") return `${value.toFixed(2)}%`;
    if (unit === "hundredths") return value.toFixed(2);
    if (unit === "yuan") {
      return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    }
    return value.toLocaleString("en");
  };

  const short = (unit, value) => {
    if (unit === "ppm") return `${+value.toFixed(2)}%`;
    if (unit !== "yuan" || Math.abs(value) < 10000) return value.toLocaleString("en");
    const chinese = document.documentElement.lang.startsWith("zh");
    if (chinese) return `${+(value / 10000).toFixed(1)}万`;
    return Math.abs(value) < 1e6 ? `${+(value / 1e3).toFixed(1)}k` : `${+(value / 1e6).toFixed(2)}M`;
  };

  const bounds = (drawing, values) => {
    const known = values.flat().filter((value) => value !== null);
    if (drawing.unit === "count" || drawing.unit === "yuan") {
      return known.some((value) => value < 0) ? {} : { min: 0 };
    }
    if (drawing.target !== null) known.push(drawing.target / SCALES[drawing.unit]);
    const low = Math.min(...known);
    const high = Math.max(...known);
    const room = Math.max((high - low) * 0.25, drawing.unit === "ppm" ? 0.1 : 0.2);
    const top = drawing.unit === "ppm" ? 100 : 10;
    return { min: Math.max(0, +(low - room).toFixed(1)), max: Math.min(top, +(high + room).toFixed(1)) };
  };

  const axesOf = (drawing, values, small) => {
    const axis = {
      type: "value", ...bounds(drawing, values), minInterval: drawing.unit === "count" ? 1 : 0,
      axisLabel: {
        color: TEXT, fontSize: 11, hideOverlap: true, showMinLabel: drawing.unit === "count" || drawing.unit === "yuan", showMaxLabel: drawing.unit === "count" || drawing.unit === "yuan",
        formatter: (value) => short(drawing.unit, value),
      },
      splitNumber: small ? 2 : 4, splitLine: { lineStyle: { color: "#f0f0f0" } },
    };
    const twoScales = drawing.series.some((each) => each.right);
    return twoScales ? [axis, { ...axis, splitLine: { show: false } }] : axis;
  };

  const seriesOf = (drawing, each, values, small) => {
    const tone = TONES[each.tone] || TONES.blue;
    const line = each.shape !== "bar";
    const made = {
      name: each.name, data: values, type: line ? "line" : "bar",
      itemStyle: { color: tone }, emphasis: { focus: "series" }, connectNulls: false,
    };
    if (each.stack) made.stack = each.stack;
    if (each.right) made.yAxisIndex = 1;
    if (line) {
      Object.assign(made, {
        step: each.shape === "step" ? "end" : false, symbol: "circle", symbolSize: small ? 4 : 6,
        lineStyle: { color: tone, width: 2 },
      });
    } else {
      made.barMaxWidth = 28;
    }
    return made;
  };

  const optionOf = (drawing, small) => {
    const scale = SCALES[drawing.unit];
    const values = drawing.series.map(
      (each) => each.values.map((value) => (value === null ? null : value / scale)),
    );
    const series = drawing.series.map((each, place) => seriesOf(drawing, each, values[place], small));
    if (drawing.target !== null && series.length) {
      const at = drawing.target / scale;
      series[0].markLine = {
        symbol: "none", silent: true, data: [{ yAxis: at }],
        lineStyle: { color: TONES.red, type: "dashed", width: 1.5 },
        label: {
          formatter: `${drawing.target_name} ${write(drawing.unit, at)}`,
          position: "insideEndTop", color: TONES.red, fontSize: 11,
        },
      };
    }
    const manySeries = drawing.series.length > 1;
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      aria: { enabled: true },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        valueFormatter: (value) => write(drawing.unit, value),
      },
      legend: manySeries ? { top: 0, type: "scroll", textStyle: { color: TEXT } } : { show: false },
      grid: {
        left: 8, right: 16, top: manySeries ? 36 : 18, bottom: small ? 4 : 8, containLabel: true,
      },
      xAxis: {
        type: "category", data: drawing.labels, axisTick: { show: false },
        axisLabel: { color: TEXT, fontSize: 11, hideOverlap: true },
        axisLine: { lineStyle: { color: "#d9d9d9" } },
      },
      yAxis: axesOf(drawing, values, small),
      series,
    };
  };

  const draw = (place) => {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.echarts) return;
    const drawing = JSON.parse(source.textContent);
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(optionOf(drawing, place.classList.contains("chart-small")));
    new ResizeObserver(() => chart.resize()).observe(place);
    place.dataset.drawn = "yes";
  };

  const drawAll = () => document.querySelectorAll("[data-chart]:not([data-drawn])").forEach(draw);
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSwap", drawAll);
})();
