/* The compare page: any units, any indicators, any months. The choice lives in the address (after #), and each node's
 * scores are read as a script, which works from disk where fetch does not. */
(function () {
  "use strict";
  var loaded = {}, waiting = {};
  window.pinganScores = function (node, text) { loaded[node] = pinganUnpack(text, pinganIndex.months.length); };

  var body = document.body, which = body.dataset.language === "zh" ? 1 : 2, assets = body.dataset.assets;
  var form = document.getElementById("compare"), out = document.getElementById("compared");
  var words = JSON.parse(out.dataset.words);
  var pick = { units: document.getElementById("pick-units"), nodes: document.getElementById("pick-nodes"), from: document.getElementById("pick-from"), to: document.getElementById("pick-to") };
  var place = { units: {}, nodes: {} };
  ["units", "nodes"].forEach(function (kind) { pinganIndex[kind].forEach(function (e, i) { place[kind][e[0]] = i; }); });

  function chosen(select) { return Array.prototype.filter.call(select.options, function (o) { return o.selected; }).map(function (o) { return o.value; }); }

  function choose(select, values) { Array.prototype.forEach.call(select.options, function (o) { o.selected = values.indexOf(o.value) >= 0; }); }

  function fromAddress() {
    var given = new URLSearchParams(location.hash.slice(1));
    var list = function (name, kind, otherwise) {
      var codes = (given.get(name) || "").split(",").filter(function (c) { return c in place[kind]; });
      return codes.length ? codes : otherwise;
    };
    choose(pick.units, list("units", "units", [pinganIndex.units[0][0]]));
    choose(pick.nodes, list("nodes", "nodes", [pinganIndex.nodes[0][0]]));
    var months = pinganIndex.months;
    pick.from.value = months.indexOf(given.get("from")) >= 0 ? given.get("from") : months[0];
    pick.to.value = months.indexOf(given.get("to")) >= 0 ? given.get("to") : months[months.length - 1];
  }

  function toAddress() {
    var address = new URLSearchParams({ units: chosen(pick.units).join(), nodes: chosen(pick.nodes).join(), from: pick.from.value, to: pick.to.value });
    history.replaceState(null, "", "#" + address.toString().replace(/%2C/g, ","));
  }

  function load(nodes, then) {
    var missing = nodes.filter(function (n) { return !loaded[n]; });
    if (!missing.length) { then(); return; }
    out.textContent = words["compare.loading"];
    var left = missing.length;
    missing.forEach(function (node) {
      if (waiting[node]) { waiting[node].push(done); return; }
      waiting[node] = [done];
      var script = document.createElement("script");
      script.src = assets + "scores-" + node + ".js";
      script.onload = function () { waiting[node].forEach(function (f) { f(); }); delete waiting[node]; };
      document.head.appendChild(script);
    });
    function done() { left -= 1; if (!left) then(); }
  }

  /* Ends of the axis of scores and its step, so that its marks are even: fives of points, at most six steps. */
  function even(scores) {
    if (!scores.length) return { low: 0, high: 100, step: 20 };
    var low = Math.floor(Math.min.apply(null, scores) / 5) * 5, high = Math.max.apply(null, scores);
    var step = 5 * Math.max(1, Math.ceil((high - low) / 30));
    return { low: low, high: low + step * Math.max(1, Math.ceil((high - low) / step)), step: step };
  }

  function element(name, text, attributes) {
    var made = document.createElement(name);
    if (text != null) made.textContent = text;
    Object.keys(attributes || {}).forEach(function (a) { made.setAttribute(a, attributes[a]); });
    return made;
  }

  var turn = 0;
  function show() {
    var units = chosen(pick.units), nodes = chosen(pick.nodes), mine = ++turn;
    var ends = [pinganIndex.months.indexOf(pick.from.value), pinganIndex.months.indexOf(pick.to.value)].sort(function (a, b) { return a - b; });
    var months = pinganIndex.months.slice(ends[0], ends[1] + 1);
    toAddress();
    if (!units.length || !nodes.length) { out.textContent = words["compare.empty"]; return; }
    load(nodes, function () {
      if (mine !== turn) return;
      var lines = [];
      units.forEach(function (u) {
        nodes.forEach(function (n) {
          lines.push({ name: pinganIndex.units[place.units[u]][which] + " · " + pinganIndex.nodes[place.nodes[n]][which], values: loaded[n][place.units[u]].slice(ends[0], ends[1] + 1) });
        });
      });
      out.textContent = "";
      draw(months, lines.slice(0, 12));
      if (lines.length > 12) out.appendChild(element("p", words["compare.many"], { "class": "note" }));
      out.appendChild(tableOf(months, lines));
    });
  }

  function draw(months, lines) {
    var figure = element("figure", null, { "class": "chart" });
    figure.appendChild(element("figcaption")).appendChild(element("h2", words["compare.chart"]));
    var live = element("div", null, { "class": "live", role: "img", "aria-label": lines.map(function (l) { return l.name; }).join("; ") });
    live.style.height = 120 + 200 + 22 * lines.length + "px";
    figure.appendChild(live);
    out.appendChild(figure);
    var marks = ["circle", "diamond", "triangle", "rect"], strokes = ["solid", [6, 3], [2, 3]], roles = ["own", "upper1", "upper2", "down", "up"];
    var scale = even([].concat.apply([], lines.map(function (l) { return l.values; })).filter(function (v) { return v != null; }));
    var axis = { axisLabel: { color: "var(--soft)", fontFamily: "inherit" }, axisLine: { lineStyle: { color: "var(--line)" } }, splitLine: { lineStyle: { color: "var(--line)" } } };
    var chart = echarts.init(live, null, { renderer: "svg" });
    chart.setOption({
      animation: false, textStyle: { fontFamily: "inherit", color: "var(--ink)" },
      grid: { left: 40, right: 16, top: 40 + 22 * lines.length, bottom: 28 },
      legend: { orient: "vertical", left: 0, top: 0, itemGap: 6, textStyle: { color: "var(--ink)", fontSize: 13, fontFamily: "inherit" } },
      tooltip: { trigger: "axis", confine: true, backgroundColor: "var(--paper)", textStyle: { color: "var(--ink)" }, valueFormatter: function (v) { return v == null ? "–" : v.toFixed(2); } },
      xAxis: Object.assign({ type: "category", data: months, boundaryGap: months.length === 1 }, axis),
      yAxis: Object.assign({ type: "value", min: scale.low, max: scale.high, interval: scale.step }, axis),
      series: lines.map(function (l, i) {
        var colour = "var(--" + roles[i % roles.length] + ")";
        return { type: "line", name: l.name, data: l.values, symbol: marks[i % marks.length], symbolSize: 7, lineStyle: { color: colour, width: 2, type: strokes[Math.floor(i / roles.length) % strokes.length] }, itemStyle: { color: colour } };
      }),
    });
    new ResizeObserver(function () { chart.resize(); }).observe(live);
  }

  function tableOf(months, lines) {
    var scroll = element("div", null, { "class": "scroll", role: "group", tabindex: "0", "aria-label": words["chart.table"] });
    var table = scroll.appendChild(element("table"));
    table.appendChild(element("caption", words["chart.table"]));
    var head = table.appendChild(element("thead")).appendChild(element("tr"));
    head.appendChild(element("th", words["col.month"], { scope: "col" }));
    lines.forEach(function (l) { head.appendChild(element("th", l.name, { scope: "col", "class": "n upright" })); });
    var rows = table.appendChild(element("tbody"));
    months.forEach(function (month, i) {
      var row = rows.appendChild(element("tr"));
      row.appendChild(element("th", month, { scope: "row" }));
      lines.forEach(function (l) { row.appendChild(element("td", l.values[i] == null ? "–" : l.values[i].toFixed(2), { "class": "n" })); });
    });
    return scroll;
  }

  form.hidden = false;
  [pick.units, pick.nodes, pick.from, pick.to].forEach(function (select) { select.addEventListener("change", show); });
  window.addEventListener("hashchange", function () { fromAddress(); show(); });
  fromAddress();
  show();
})();
