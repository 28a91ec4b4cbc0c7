"""The template of gate.html: one page with its own style, without scripts and without anything from a
network.
"""

from __future__ import annotations

TEMPLATE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ index_zh }} {{ month_zh }} 发布审核</title>
<style>
:root { --ink: #1c2b36; --soft: #566673; --line: #d5dce1; --paper: #ffffff; --ground: #f3f5f6;
  --deep: #24506b;
  --good: #1f6b49; --good-tint: #eef5f1; --bad: #9c2f26; --bad-tint: #faf0ee; --note: #7a5a12;
  --note-tint: #fbf6e9; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.65 "Noto Sans CJK SC",
  "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 3rem 3rem; background: var(--paper);
  border-top: 5px solid var(--deep); }
h1, h2, h3 { font-family: "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif;
  line-height: 1.35;
  margin: 0; }
h1 { font-size: 1.8rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; padding-bottom: .35rem;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; }
.en { color: var(--soft); font-size: .875em; }
h2 .en, h3 .en, .verdict strong + .en { margin-left: .5em; }
h1 .en, h2 .en, h3 .en { font-family: "Noto Sans", system-ui, sans-serif; font-weight: 400; }
h1 .en { display: block; font-size: 1rem; margin-top: .15rem; }
.facts { display: flex; flex-wrap: wrap; gap: .3rem 2.2rem; margin: 1rem 0 0; padding: 0; list-style: none;
  color: var(--soft); font-size: .92rem; }
.facts b { color: var(--ink); font-weight: 600; }
.notice, .verdict { margin: 1.4rem 0 0; padding: .9rem 1.2rem; border-left: 5px solid; }
.notice { border-color: #c9a227; background: var(--note-tint); }
.notice p, .verdict p { margin: 0; }
.notice.first { margin-top: 1.6rem; }
.verdict strong { font-size: 1.35rem; font-family: "Noto Serif CJK SC", "Source Han Serif SC", SimSun,
  serif; }
.verdict.good { border-color: var(--good); background: var(--good-tint); }
.verdict.good strong, td.good { color: var(--good); }
.verdict.bad { border-color: var(--bad); background: var(--bad-tint); }
.verdict.bad strong, td.bad { color: var(--bad); }
.verdict.note { border-color: var(--note); background: var(--note-tint); }
.verdict.note strong { color: var(--note); }
.verdict .decision { margin-top: .6rem; padding-top: .6rem; border-top: 1px solid #e3d6ae; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .7rem; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--deep); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
thead .en, tbody th .en, td .en { display: block; line-height: 1.35; }
tfoot td, tfoot th { border-top: 2px solid var(--deep); border-bottom: 0; font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.state { white-space: nowrap; font-weight: 600; }
td.none { color: var(--soft); }
tr.failed { background: var(--bad-tint); }
tr.short td.sets { color: var(--bad); font-weight: 600; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; color: var(--soft); }
.failure { margin: 1.2rem 0 0; padding: .2rem 0 .4rem 1.1rem; border-left: 3px solid #e2bdb8; }
.failure table { table-layout: fixed; }
.failure .do { margin: .5rem 0 .8rem; }
footer { margin-top: 2.6rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .85rem; }
footer p { margin: .3rem 0; }
@media (max-width: 40rem) { main { padding: 1.4rem 1rem 2rem; } h1 { font-size: 1.45rem; } }
@media print { body, main { background: #fff; } main { max-width: none; padding: 0; border: 0; }
  tr, .failure > h3, .notice, .verdict { break-inside: avoid; } }
</style>
</head>
<body>
<main>
<header>
<h1>{{ index_zh }} · {{ month_zh }}发布审核
<span class="en">{{ index_en }}: release review of {{ period }}</span></h1>
<ul class="facts">
<li>期号 <span class="en">Issue</span> <b>第{{ issue_number }}期</b></li>
{% if revision %}<li>修订 <span class="en">Revision</span> <b>r{{ revision }}</b></li>{% endif %}
<li>办法版本 <span class="en">Method in force from</span> <b>{{ method_version }}</b></li>
<li>对比月份 <span class="en">Compared with</span>
<b>{{ compared_with or "无" }}</b>{% if not compared_with %} <span class="en">none</span>{% endif %}</li>
</ul>
</header>
{% if notice_zh or notice_en %}
<div class="notice first" role="note"><p>{{ notice_zh }}</p><p class="en" lang="en">{{ notice_en }}</p></div>
{% endif %}
<div class="verdict {{ verdict.look }}">
<p><strong>{{ verdict.zh }}</strong> <span class="en">{{ verdict.en }}</span></p>
<p>{{ verdict.detail_zh }} <span class="en">{{ verdict.detail_en }}</span></p>
{% if override %}
<p class="decision">放行人 <span class="en">Released by</span> <b>{{ override.user }}</b>；
未通过的检查 <span class="en">checks overridden</span> {% for check in override.checks %}
{{ titles[check][0] }} <span class="en">{{ titles[check][1] }}</span>
<code>{{ check }}</code>{{ "；" if not loop.last }}
{% endfor %}</p>
<p>放行理由 <span class="en">Reason for the release</span>：{{ override.reason }}</p>
{% endif %}
</div>
{% if reason %}
<div class="notice" role="note"><p>{% if revision and revision > 1 %}修订理由
<span class="en">Reason for this revision</span>{% else %}说明 <span class="en">Remark</span>{% endif %}：{{
reason }}</p>
</div>
{% endif %}

{% if holding %}
<div class="notice" role="note">
{% if holding.until %}
<p>审定期 <span class="en">Holding time</span>：{{ holding.passed_at }} – {{ holding.until }}</p>
{% endif %}
{% for decision in holding.decisions %}
<p>{% if decision.action == "hold" %}暂缓 <span class="en">Held</span>{% else %}放行
<span class="en">Released</span>{% endif %} {{ decision.at }} <b>{{ decision.user }}</b>：{{ decision.reason }}</p>
{% endfor %}
</div>
{% endif %}
{% if failures %}
<h2>须处理的问题 <span class="en">What has to be looked at</span></h2>
{% for finding in failures %}
<section class="failure">
<h3>{{ finding.title_zh }} <span class="en">{{ finding.title_en }}</span></h3>
<p class="do">实际 <span class="en">observed</span> <b>{{ finding.observed }}</b>，
要求 <span class="en">required</span> <b>{{ finding.expected }}</b>。<br>
处理：{{ finding.remedy_zh }}<br><span class="en" lang="en">What to do: {{ finding.remedy_en }}</span></p>
{% if finding.rows %}
<div class="scroll"><table>
<caption>{% if finding.rows_total > finding.rows|length %}共 {{ finding.rows_total | thousands }} 行，列出前
{{ finding.rows|length }} 行 <span class="en">the first {{ finding.rows|length }} of
{{ finding.rows_total | thousands }} rows</span>{% else %}共 {{ finding.rows_total }} 行
<span class="en">all rows concerned</span>{% endif %}</caption>
<thead><tr><th scope="col">单位 <span class="en">Unit</span></th>
<th scope="col">指标 <span class="en">Node</span></th>
<th scope="col" class="number">值 <span class="en">Value</span></th></tr></thead>
<tbody>
{% for row in finding.rows %}
<tr><td>{{ row.get("unit_name", "") }} <code>{{ row.get("unit", "") }}</code></td>
<td>{{ row.get("node_name", "") }} <code>{{ row.get("node", "") }}</code></td>
<td class="number">{{ row.get("value") | shown }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</section>
{% endfor %}
{% endif %}

<h2>检查项目 <span class="en">Checks</span></h2>
<div class="scroll"><table>
<thead><tr><th scope="col">检查 <span class="en">Check</span></th>
<th scope="col">结论 <span class="en">Verdict</span></th>
<th scope="col">实际 <span class="en">Observed</span></th>
<th scope="col">要求 <span class="en">Required</span></th></tr></thead>
<tbody>
{% for finding in findings %}
<tr{% if not finding.passed %} class="failed"{% endif %}>
<th scope="row">{{ finding.title_zh }}<span class="en">{{ finding.title_en }}</span></th>
{% if not finding.applicable %}
<td class="state none">— 不适用<span class="en">not applicable</span></td>
<td colspan="2" class="none">{{ finding.not_applicable_zh }}<span class="en">{{
finding.not_applicable_en }}</span></td>
{% else %}
{% if finding.passed %}<td class="state good">✓ 通过<span class="en">passed</span></td>
{% elif finding.severity == "warning" %}<td class="state none">! 提醒<span class="en">warns</span></td>
{% else %}<td class="state bad">✗ 未通过<span class="en">failed</span></td>{% endif %}
<td>{{ finding.observed }}</td><td>{{ finding.expected }}</td>
{% endif %}
</tr>
{% endfor %}
</tbody></table></div>

{% if feeds %}
<h2>各部门报送情况 <span class="en">Deliveries by department</span></h2>
<div class="scroll"><table>
<caption>单位：条。收到 = 采用 + 隔离 + 属其他月份 + 版式行。
<span class="en">Rows. Received = accepted + quarantined + of another month + layout (titles, totals,
blanks).</span></caption>
<thead><tr><th scope="col">部门 <span class="en">Department</span></th>
<th scope="col" class="number">已报 / 应有记录集 <span class="en">Record sets reported</span></th>
<th scope="col" class="number">收到 <span class="en">Received</span></th>
<th scope="col" class="number">采用 <span class="en">Accepted</span></th>
<th scope="col" class="number">隔离 <span class="en">Quarantined</span></th>
<th scope="col" class="number">隔离率 <span class="en">Share</span></th>
<th scope="col" class="number">属其他月份 <span class="en">Other month</span></th>
<th scope="col" class="number">版式行 <span class="en">Layout</span></th></tr></thead>
<tbody>
{% for feed in feeds %}
<tr{% if feed.reported < feed.record_sets %} class="short"{% endif %}>
<th scope="row">{{ feed.name_zh }}<span class="en">{{ feed.name_en }}</span></th>
<td class="number sets">{{ feed.reported }} / {{ feed.record_sets }}{% if feed.absent %}
<span class="en">未报 not reported: {{ feed.absent | join(", ") }}</span>{% endif %}</td>
<td class="number">{{ feed.received | thousands }}</td><td class="number">{{ feed.accepted | thousands }}</td>
<td class="number">{{ feed.quarantined | thousands }}</td><td class="number">{{ feed.share }}</td>
<td class="number">{{ feed.other_month | thousands }}</td>
<td class="number">{{ feed.layout | thousands }}</td></tr>
{% endfor %}
</tbody>
<tfoot><tr><th scope="row">合计 <span class="en">Total</span></th>
<td class="number">{{ total.reported }} / {{ total.record_sets }}</td>
<td class="number">{{ total.received | thousands }}</td>
<td class="number">{{ total.accepted | thousands }}</td>
<td class="number">{{ total.quarantined | thousands }}</td><td class="number">{{ total.share }}</td>
<td class="number">{{ total.other_month | thousands }}</td>
<td class="number">{{ total.layout | thousands }}</td></tr></tfoot>
</table></div>
{% endif %}

<footer>
<p>本页由发布关（C）对拟发布数据逐项检查后生成；同目录 gate.json 保存完整结果，
manifest.json 列出全部文件及其校验值。</p>
<p lang="en">Made by gate C (release) from the very tables of this issue. The full result is in gate.json;
manifest.json
lists every file with its SHA-256.</p>
</footer>
</main>
</body>
</html>
"""
