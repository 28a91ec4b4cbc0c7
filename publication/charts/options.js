/* What each chart shows, as ECharts options: one function per kind. Runs in V8 for the printed picture and in the
 * reader's browser for the live one. No data, no words and no colours of its own: all three are handed in.
 *
 * palette  colours by role: ink soft line paper own upper1 upper2 band, and c-<key> for each official colour
 * words    texts by key (the chart's own catalogue entries in one language)
 */
(function (global) {
  "use strict";
  var FONT = 12;

  /* As publication/numbers.py shows numbers. */
  function fixed(value, digits) {
    if (value == null || value === "-") return "–";
    var text = Math.abs(value).toFixed(digits === undefined ? 2 : digits);
    var parts = text.split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ",");
    return (value < 0 && Number(text) !== 0 ? "−" : "") + parts.join(".");
  }

  /* Axis limits that hold all values with a little room, on whole steps; never beyond `hard`. */
  function limits(values, step, hard) {
    var known = values.filter(function (v) { return v != null; });
    if (!known.length) return hard || [0, 1];
    var low = Math.floor((Math.min.apply(null, known) - step * 0.1) / step) * step;
    var high = Math.ceil((Math.max.apply(null, known) + step * 0.1) / step) * step;
    return hard ? [Math.max(hard[0], low), Math.min(hard[1], high)] : [low, high];
  }

  function base(palette) {
    return { animation: false, backgroundColor: "transparent", textStyle: { fontFamily: "inherit", fontSize: FONT, color: palette.ink } };
  }

  function axis(palette, more) {
    return Object.assign({
      axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { color: palette.soft, fontSize: FONT, fontFamily: "inherit" },
      splitLine: { lineStyle: { color: palette.line, width: 1 } },
    }, more);
  }

  function tip(palette, formatter, more) {
    return Object.assign({
      backgroundColor: palette.paper, borderColor: palette.line, borderWidth: 1, padding: [6, 10], confine: true,
      textStyle: { color: palette.ink, fontSize: 13, fontFamily: "inherit" }, formatter: formatter,
    }, more);
  }

  function safe(text) {
    return String(text).replace(/[&<>"]/g, function (c) { return { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]; });
  }

  /* A score over months.
   * data: months [text]; own [score]; uppers [{name, values}] (at most two); band {low, high} or null: the peers'
   *       5th and 95th percentile; cuts [{key, from, to}]: the official colours; hard: ends that the axis never passes
   *       ([0, 100] when not given), or null. */
  function trend(data, words, palette) {
    var all = data.own.slice();
    data.uppers.forEach(function (u) { all = all.concat(u.values); });
    if (data.band) all = all.concat(data.band.low, data.band.high);
    var hard = data.hard === undefined ? [0, 100] : data.hard, y = limits(all, 5, hard);
    if (y[1] - y[0] > 25) y = limits(all, 10, hard);
    var series = [];
    if (data.band) {
      series.push({ type: "line", clip: false, name: "low", data: data.band.low, stack: "band", symbol: "none", silent: true, lineStyle: { width: 0 } });
      series.push({
        type: "line", clip: false, name: "band", stack: "band", symbol: "none", silent: true, lineStyle: { width: 0 },
        areaStyle: { color: palette.band, opacity: 0.55 },
        data: data.band.high.map(function (h, i) { return h == null ? null : h - data.band.low[i]; }),
      });
    }
    data.uppers.forEach(function (u, i) {
      series.push({
        type: "line", clip: false, name: u.name, data: u.values, symbol: "none",
        lineStyle: { color: palette["upper" + (i + 1)], width: 1.5, type: i ? [2, 3] : [6, 3] },
        itemStyle: { color: palette["upper" + (i + 1)] },
      });
    });
    var last = data.own.length - 1;
    series.push({
      type: "line", clip: false, name: data.name, data: data.own.map(function (v, i) {
        return i === last ? { value: v, label: { show: v != null, formatter: fixed(v), position: "top", distance: 7, color: palette.ink, fontWeight: 600, fontSize: FONT + 1, align: "right" } } : v;
      }),
      symbol: "circle", symbolSize: 6, z: 5, lineStyle: { color: palette.own, width: 2.5 }, itemStyle: { color: palette.own },
      markArea: {
        silent: true, z: 0, label: { show: false },
        data: data.cuts.filter(function (c) { return c.from < y[1] && c.to > y[0]; }).map(function (c) {
          return [{ yAxis: Math.max(c.from, y[0]), itemStyle: { color: palette["c-" + c.key], opacity: 0.1 } }, { yAxis: Math.min(c.to, y[1]) }];
        }),
      },
    });
    return Object.assign(base(palette), {
      grid: { left: 34, right: 14, top: 18, bottom: 24 },
      xAxis: axis(palette, { type: "category", data: data.months, boundaryGap: false, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: palette.line } },
        axisLabel: { color: palette.soft, fontSize: FONT, fontFamily: "inherit", alignMinLabel: "left", alignMaxLabel: "right", hideOverlap: true } }),
      yAxis: axis(palette, { type: "value", min: y[0], max: y[1], interval: y[1] - y[0] > 25 ? 10 : 5 }),
      tooltip: tip(palette, function (items) {
        var at = items[0].dataIndex, lines = [safe(data.months[at])];
        lines.push(safe(data.name) + " <b>" + fixed(data.own[at]) + "</b>");
        data.uppers.forEach(function (u) { lines.push(safe(u.name) + " " + fixed(u.values[at])); });
        if (data.band) lines.push(safe(words.peers) + " " + fixed(data.band.low[at]) + " – " + fixed(data.band.high[at]));
        return lines.join("<br>");
      }, { trigger: "axis", axisPointer: { lineStyle: { color: palette.soft } } }),
      series: series,
    });
  }

  /* Scores of the first level. data: axes [name, at most three lines]; series [{name, role, values}], the unit's own last;
   * hard as for trend; narrow: for a picture less than 420 pixels wide. */
  function radar(data, words, palette) {
    var all = [];
    data.series.forEach(function (s) { all = all.concat(s.values); });
    var span = limits(all, 10, data.hard), low = span[0];
    var own = data.series[data.series.length - 1];
    return Object.assign(base(palette), {
      radar: {
        radius: data.narrow ? "40%" : "68%", center: ["50%", "53%"], splitNumber: 4, axisNameGap: 8,
        indicator: data.axes.map(function (name, i) { return { name: name + "\n" + fixed(own.values[i], 1), min: low, max: data.hard ? 100 : span[1] }; }),
        axisName: { color: palette.ink, fontSize: data.narrow ? 10 : FONT, lineHeight: data.narrow ? 12 : 15, fontFamily: "inherit" },
        axisLine: { lineStyle: { color: palette.line } }, splitLine: { lineStyle: { color: palette.line } }, splitArea: { show: false },
      },
      tooltip: tip(palette, function (item) {
        return "<b>" + safe(item.name) + "</b><br>" + data.axes.map(function (a, i) { return safe(a.replace(/\n/g, " ")) + " " + fixed(item.value[i]); }).join("<br>");
      }),
      series: [{
        type: "radar", symbolSize: 4,
        data: data.series.map(function (s) {
          var mine = s === own, colour = palette[s.role];
          return {
            name: s.name, value: s.values.map(function (v) { return v == null ? "-" : v; }), symbol: mine ? "circle" : "none",
            lineStyle: { color: colour, width: mine ? 2.5 : 1.5, type: mine ? "solid" : s.role === "upper1" ? [6, 3] : [2, 3] },
            itemStyle: { color: colour }, areaStyle: mine ? { color: colour, opacity: 0.12 } : undefined,
          };
        }),
      }],
    });
  }

  /* Every unit as a dot, one row for each upper unit.
   * data: rows [name], the upper units from the top; sizes [how many units each row has]; points [[x or null, colour]]
   *       in the order of rows, colour a place in `colours` [key] or -1; marks [x or null]: the upper units' own; digits;
   *       names [name of each point] (live only). */
  function strip(data, words, palette) {
    var x = data.limits, last = data.rows.length - 1, lanes = [-0.24, 0, 0.24, -0.12, 0.12], at = 0;
    var series = data.colours.concat([null]).map(function (key) {
      return { type: "scatter", symbolSize: 7, itemStyle: { color: key ? palette["c-" + key] : palette.soft }, data: [] };
    });
    data.sizes.forEach(function (size, row) {
      for (var i = 0; i < size; i += 1, at += 1) {
        var point = data.points[at], of = point[1] < 0 ? data.colours.length : point[1];
        if (point[0] != null) series[of].data.push([point[0], last - row + lanes[i % lanes.length], at]);
      }
    });
    var marks = [];
    data.marks.forEach(function (m, row) { if (m != null) marks.push([m, last - row, data.points.length + row]); });
    return Object.assign(base(palette), {
      grid: { left: data.labels, right: 16, top: 8, bottom: 24 },
      xAxis: axis(palette, { type: "value", min: x[0], max: x[1], axisLine: { show: true, onZero: false, lineStyle: { color: palette.line } } }),
      yAxis: axis(palette, { type: "value", min: -0.5, max: last + 0.5, interval: 1, splitLine: { show: false }, axisLabel: { show: false } }),
      tooltip: tip(palette, function (item) {
        var name = (data.names || []).concat(data.rows)[item.data[2]];
        return safe(name) + " <b>" + fixed(item.data[0], data.digits) + "</b>";
      }),
      series: series.concat([
        { type: "scatter", symbol: "rect", symbolSize: [3, 22], z: 4, itemStyle: { color: palette.ink }, data: marks },
        { type: "scatter", symbolSize: 0, silent: true, data: data.rows.map(function (name, row) {
          return { value: [x[0], last - row], label: { show: true, position: "left", distance: 6, formatter: name.replace(/[{}|]/g, " "), color: palette.ink, fontSize: FONT, fontFamily: "inherit" } };
        }) },
      ]),
    });
  }

  /* The scoring rule: score against value. data: lines [{name, points [[x, score]]}] (peer groups); marks
   * [{x, y, name, role}]: where units stand; limits [x0, x1]; digits. */
  function curve(data, words, palette) {
    return Object.assign(base(palette), {
      grid: { left: 34, right: 18, top: 18, bottom: 24 },
      xAxis: axis(palette, { type: "value", min: data.limits[0], max: data.limits[1], axisLine: { show: true, onZero: false, lineStyle: { color: palette.line } }, splitLine: { show: false } }),
      yAxis: axis(palette, { type: "value", min: data.scores[0], max: data.scores[1] }),
      tooltip: tip(palette, function (item) {
        return safe(item.seriesName) + "<br>" + fixed(item.value[0], data.digits) + " → <b>" + fixed(item.value[1]) + "</b>";
      }),
      series: data.lines.map(function (l, i) {
        return {
          type: "line", clip: false, name: l.name, data: l.points, symbol: "circle", symbolSize: 4,
          lineStyle: { color: palette[i ? "upper1" : "own"], width: 2, type: i ? [6, 3] : "solid" },
          itemStyle: { color: palette[i ? "upper1" : "own"] },
        };
      }).concat(data.marks.map(function (m) {
        return {
          type: "scatter", name: m.name, data: [[m.x, m.y]], symbol: "diamond", symbolSize: 11, z: 6, itemStyle: { color: palette[m.role] },
          label: { show: true, formatter: m.name, position: m.side || "top", color: palette.ink, fontSize: FONT, fontFamily: "inherit" },
        };
      })),
    });
  }

  /* Horizontal bars with their values. data: rows [{name, value, colour}], from the top; limits [x0, x1]; digits; signed;
   * labels: pixels for the names. */
  function bars(data, words, palette) {
    var rows = data.rows;
    return Object.assign(base(palette), {
      grid: { left: data.labels, right: 52, top: 4, bottom: 22 },
      xAxis: axis(palette, { type: "value", min: data.limits[0], max: data.limits[1] }),
      yAxis: axis(palette, { type: "category", inverse: true, data: rows.map(function (r) { return r.name; }), splitLine: { show: false },
        axisLabel: { color: palette.ink, fontSize: FONT, fontFamily: "inherit", interval: 0, margin: 8 } }),
      tooltip: tip(palette, function (item) { return safe(item.name) + " <b>" + fixed(item.value, data.digits) + "</b>"; }),
      series: [{
        type: "bar", barWidth: "62%", data: rows.map(function (r) {
          return {
            value: r.value, itemStyle: { color: palette[r.colour] || palette.own },
            label: { show: r.value != null, position: r.value < 0 ? "left" : "right", color: palette.ink, fontSize: FONT, fontFamily: "inherit",
              formatter: (data.signed && r.value > 0 ? "+" : "") + fixed(r.value, data.digits) },
          };
        }),
      }],
    });
  }

  /* Weights of the first and second level. data: tree [{name, share, colour, children: [{name, share}]}], shares of 1. */
  function sunburst(data, words, palette) {
    return Object.assign(base(palette), {
      tooltip: tip(palette, function (item) { return safe(item.name.replace(/\n/g, " ")) + " <b>" + fixed(item.value * 100, 1) + "%</b>"; }),
      series: [{
        type: "sunburst", radius: ["14%", "96%"], nodeClick: false, sort: null, emphasis: { disabled: true },
        itemStyle: { borderColor: palette.paper, borderWidth: 1.5 },
        label: { color: palette.ink, fontSize: 11, fontFamily: "inherit", minAngle: 6 },
        levels: [{}, { r0: "14%", r: "56%", label: { rotate: "radial" } }, { r0: "56%", r: "96%", label: { rotate: "radial", fontSize: 10 } }],
        data: data.tree.map(function (n, i) {
          var colour = i % 2 ? palette.band : palette.line;
          return {
            name: n.name, value: n.share, itemStyle: { color: colour, opacity: 1 },
            children: n.children.map(function (c) { return { name: c.name, value: c.share, itemStyle: { color: colour, opacity: 0.6 } }; }),
          };
        }),
      }],
    });
  }

  global.pinganCharts = { trend: trend, radar: radar, strip: strip, curve: curve, bars: bars, sunburst: sunburst };

  /* For V8: a chart as SVG text. */
  global.pinganDraw = function (kind, data, words, palette, width, height) {
    var chart = global.echarts.init(null, null, { renderer: "svg", ssr: true, width: width, height: height });
    try {
      chart.setOption(global.pinganCharts[kind](data, words, palette));
      return chart.renderToSVGString();
    } finally {
      chart.dispose();
    }
  };
})(typeof globalThis === "undefined" ? this : globalThis);
