"""Charts and maps as SVG, for every rendering: drawn in Python, and charts again live in a reader's browser.

`options.js` turns a chart's data into the options of ECharts. The same file runs here (in V8, `drawing`) and in the
page, so that the picture and the live chart cannot differ. Maps (`maps`) are SVG with links, which need no script.
Belongs here: pictures from plain numbers and names. Does not belong here: reading an issue, pages.
"""
