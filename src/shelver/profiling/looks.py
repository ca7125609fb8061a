"""Style sheet and script of the page: those of the report, and what only this page has."""

from shelver.reporting.style import SCRIPT as COMMON_SCRIPT
from shelver.reporting.style import STYLE as COMMON_STYLE

STYLE = (
    COMMON_STYLE
    + """
svg .col{fill:var(--accent)}svg .start{text-anchor:start}
td.what{min-width:220px;overflow-wrap:anywhere}
article.card{scroll-margin-top:12px}article p{margin:4px 0 10px;overflow-wrap:anywhere}
article .remark{color:var(--ink);border-left:3px solid var(--bad);padding-left:9px}
article .make{color:var(--ink)}article svg{margin:10px 0 4px}article .bars{margin:8px 0 4px}
.changes{list-style:none;margin:0;padding:0;font-size:14.5px;overflow-wrap:anywhere}
.changes li{padding:5px 0;border-bottom:1px solid var(--line)}.changes li:last-child{border:0}
.alarm{background:var(--bad);color:var(--over)}
pre{overflow-x:auto;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:10px 0 0}
table.map{width:auto;font-size:12.5px}
table.map td{text-align:center;min-width:34px;padding:4px;font-variant-numeric:tabular-nums;
border:1px solid var(--card);background:color-mix(in srgb,var(--accent) calc(var(--s,0)*100%),var(--faint))}
table.map td.n{background:none;text-align:right;padding-right:10px}table.map td.over{color:var(--over)}
table.map tbody th{color:var(--ink);font-weight:400;padding:4px 10px 4px 0}
table.map th.turned{height:104px;vertical-align:bottom;padding:0 0 6px;position:relative;min-width:34px}
table.map th.turned span{position:absolute;bottom:8px;left:50%;transform-origin:0 100%;transform:rotate(-50deg)}
table.map th{background:none}table.map thead th{position:static}table.map{margin-right:60px}
details>.card{margin-top:10px}#all-columns .meter{float:left;margin-top:8px}
#all-columns td:nth-child(2){min-width:132px}
#cards{align-items:start}article .bars .row{grid-template-columns:minmax(80px,1fr) minmax(60px,1fr) 52px}
.bars .kept{font-weight:650}.bars .kept b{font-weight:650}
@media (max-width:640px){td.what{min-width:140px}}
@media print{article.card{break-inside:avoid}}
"""
)

SCRIPT = (
    COMMON_SCRIPT
    + """
document.querySelectorAll("input[data-cards]").forEach(input=>{
 input.hidden=false;const cards=document.getElementById(input.dataset.cards).children;
 input.addEventListener("input",()=>{const wanted=input.value.toLowerCase();
  for(const card of cards)card.hidden=!card.textContent.toLowerCase().includes(wanted)})});
"""
)
