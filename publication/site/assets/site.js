/* What scripts add to pages that are complete without them: live charts, search, sortable tables. */
(function () {
  "use strict";
  var body = document.body, language = body.dataset.language, root = body.dataset.root;
  var which = language === "zh" ? 1 : 2;

  /* Colours as the style sheet has them, so that live charts follow light and dark by themselves. */
  function palette() {
    var roles = ["ink", "soft", "line", "paper", "own", "upper1", "upper2", "band"], colours = {};
    roles.forEach(function (role) { colours[role] = "var(--" + role + ")"; });
    return new Proxy(colours, { get: function (own, role) { return own[role] || "var(--" + String(role) + ")"; } });
  }

  /* Names of a strip chart's dots. */
  function names() { return pinganIndex.strip.map(function (place) { return pinganIndex.units[place][which]; }); }

  /* What a trend shows: a line for each column of its table, and the peers' band, which are the last two. */
  function trendOf(figure, banded) {
    var table = figure.querySelector("table"), heads = table.tHead.rows[0].cells;
    var columns = Array.prototype.slice.call(heads, 1).map(function (head, i) {
      return { name: head.textContent, values: Array.prototype.map.call(table.tBodies[0].rows, function (row) { return key(row.cells[i + 1]); }) };
    });
    var band = banded ? columns.splice(-2).map(function (c) { return c.values; }) : null;
    return { name: columns[0].name, own: columns[0].values, uppers: columns.slice(1), band: band && { low: band[0], high: band[1] } };
  }

  function enliven(figure) {
    var picture = figure.querySelector(".picture"), live = figure.querySelector(".live");
    var content = JSON.parse(figure.querySelector("script").textContent);
    if (figure.dataset.kind === "strip") {
      content.data.names = names();
      content.data.points = content.data.values.map(function (v, i) {
        return [v, content.data.grades.charCodeAt(i) - 0x30];
      });
    }
    if (figure.dataset.kind === "trend") {
      content.data = trendOf(figure, content.words.peers);
      ["months", "cuts", "hard"].forEach(function (k) { content.data[k] = pinganIndex[k]; });
    }
    if (figure.dataset.kind === "radar") content.data.hard = pinganIndex.hard;
    live.setAttribute("aria-label", picture.getAttribute("aria-label"));
    live.style.height = figure.dataset.height + "px";
    live.hidden = false;
    content.data.narrow = live.clientWidth < 420;
    if (content.data.narrow && figure.dataset.kind === "radar") live.style.height = "400px";
    picture.hidden = true;
    var chart = echarts.init(live, null, { renderer: "svg" });
    chart.setOption(pinganCharts[figure.dataset.kind](content.data, content.words, palette()));
    new ResizeObserver(function () { chart.resize(); }).observe(live);
    return chart;
  }
  window.pinganEnliven = enliven;

  function sortable(table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      if (head.querySelector("a")) return;
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var rising = head.getAttribute("aria-sort") !== "ascending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (h) { h.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        var rows = Array.prototype.slice.call(table.tBodies[0].rows);
        rows.map(function (row, place) { return { row: row, place: place, key: key(row.cells[column]) }; })
          .sort(function (a, b) {
            if (a.key === null || b.key === null) return a.key === b.key ? a.place - b.place : a.key === null ? 1 : -1;
            var order = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : String(a.key).localeCompare(String(b.key), "zh");
            return (rising ? order : -order) || a.place - b.place;
          })
          .forEach(function (r) { table.tBodies[0].appendChild(r.row); });
      });
    });
  }

  /* A cell as it sorts: a number where it reads as one, nothing for a dash, else its text. */
  function key(cell) {
    var text = cell.textContent.trim();
    var number = text.replace(/,/g, "").replace("−", "-").replace(/^[+↑]/, "").replace(/^↓/, "-").replace(/%$/, "").replace("→", "0");
    if (text === "–" || text === "") return null;
    return number !== "" && !isNaN(Number(number)) ? Number(number) : text;
  }

  function made(name, attributes) {
    var element = document.createElement(name);
    Object.keys(attributes).forEach(function (a) { element.setAttribute(a, attributes[a]); });
    return element;
  }

  function search(form) {
    var input = made("input", { id: "search-words", type: "search", autocomplete: "off", spellcheck: "false", placeholder: form.dataset.hint, role: "combobox", "aria-expanded": "false", "aria-controls": "search-found", "aria-autocomplete": "list" });
    var list = made("ul", { id: "search-found", role: "listbox", "aria-label": form.dataset.found, hidden: "" });
    var chosen = -1, found = [];
    form.appendChild(made("label", { "for": "search-words" })).textContent = form.dataset.label;
    form.appendChild(input);
    form.appendChild(list);
    var kinds = [["units", "units/"], ["nodes", "indicators/"], ["departments", "departments/"]];
    form.hidden = false;
    form.addEventListener("submit", function (event) { event.preventDefault(); go(Math.max(chosen, 0)); });

    function look() {
      var words = input.value.trim().toLowerCase();
      found = [];
      if (words) {
        kinds.forEach(function (kind) {
          pinganIndex[kind[0]].forEach(function (entry) {
            var place = rank(entry, words);
            if (place < 9) found.push({ place: place, name: entry[which], code: entry[0], href: root + kind[1] + entry[0] + ".html" });
          });
        });
        found.sort(function (a, b) { return a.place - b.place || (a.code < b.code ? -1 : 1); });
        found = found.slice(0, 12);
      }
      chosen = -1;
      show();
    }

    function rank(entry, words) {
      var best = 9;
      [entry[0].toLowerCase(), entry[1].toLowerCase(), entry[2].toLowerCase()].concat(entry[3].split(" ")).forEach(function (text) {
        var at = text.indexOf(words);
        if (at === 0) best = Math.min(best, text.length === words.length ? 0 : 1);
        else if (at > 0) best = Math.min(best, 2);
      });
      return best;
    }

    function show() {
      list.textContent = "";
      found.forEach(function (f, i) {
        var item = document.createElement("li");
        item.id = "found-" + i;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(i === chosen));
        item.appendChild(document.createTextNode(f.name));
        var code = document.createElement("small");
        code.textContent = f.code;
        item.appendChild(code);
        item.addEventListener("mousedown", function (event) { event.preventDefault(); go(i); });
        list.appendChild(item);
      });
      list.hidden = !found.length;
      input.setAttribute("aria-expanded", String(!!found.length));
      if (chosen >= 0) input.setAttribute("aria-activedescendant", "found-" + chosen); else input.removeAttribute("aria-activedescendant");
    }

    function go(i) { if (found[i]) location.href = found[i].href; }

    input.addEventListener("input", look);
    input.addEventListener("blur", function () { found = []; show(); });
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(found.length, 1);
        show();
      } else if (event.key === "Escape") { found = []; show(); }
    });
  }

  document.querySelectorAll("figure.chart").forEach(enliven);
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("form.search").forEach(search);
  document.documentElement.dataset.ready = "yes";
})();
