"""Style sheet and script of the page. Light and dark, wide and narrow, screen and paper."""

STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c2024;--soft:#5d666f;--line:#e4e6e8;--faint:#f2f3f4;
--accent:#1f5fbf;--good:#1f5fbf;--bad:#c2571a;--c0:#7b8794;--c1:#1f5fbf;--c2:#c2571a;--c3:#1a7f64;--c4:#8b3fa8;
--c5:#b8860b;--c6:#c0366f;--c7:#3f7d20;--over:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1b1f23;--ink:#e8eaec;--soft:#9aa4ae;--line:#2d333a;
--faint:#22272c;--accent:#7db0ff;--good:#5b9bf5;--bad:#f08a4b;--c0:#8c98a5;--c1:#6fa8ff;--c2:#f2945a;--c3:#4fc3a1;
--c4:#cf8fe8;--c5:#e0b646;--c6:#f07aa8;--c7:#8fcf6a;--over:#0d1116}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:19px;margin:44px 0 4px;letter-spacing:-.005em}
h3{font-size:15px;margin:0 0 8px}
p{margin:4px 0 14px;max-width:76ch}
.soft,caption{color:var(--soft)}
nav{margin:14px 0 22px;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0 22px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:27px;line-height:1.2;font-weight:600;font-variant-numeric:tabular-nums}
.tile span{display:block;color:var(--soft);font-size:13px}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:14px;margin:12px 0}
.card{min-width:0}.card>p{font-size:13.5px;color:var(--soft);margin-bottom:8px}
.card+.card.alone,.stack>*+*{margin-top:14px}
.scroll{overflow-x:auto}.tall{max-height:640px;overflow:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;padding:0 0 8px;font-size:13.5px}
th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:13px;white-space:nowrap;background:var(--card)}
thead th{position:sticky;top:0;z-index:1}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.best{font-weight:650;color:var(--accent)}
tr.focus td:first-child{box-shadow:inset 3px 0 var(--accent)}
td.path{min-width:190px}td.path small{display:block;color:var(--soft);font-size:12.5px}
th button{all:unset;cursor:pointer;font:inherit;color:inherit}
th button:focus-visible,a:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--accent);
outline-offset:2px;border-radius:3px}
th[aria-sort] button::after{content:"";display:inline-block;width:0;margin-left:5px;border:4px solid transparent}
th[aria-sort=ascending] button::after{border-bottom-color:currentColor;vertical-align:3px}
th[aria-sort=descending] button::after{border-top-color:currentColor;vertical-align:-2px}
.meter{display:inline-block;width:54px;height:6px;border-radius:3px;background:var(--faint);margin-right:8px;
vertical-align:middle;overflow:hidden}.meter i{display:block;height:100%;background:var(--good)}
details summary{cursor:pointer;color:var(--soft);font-size:13px}
.wrong{list-style:none;margin:2px 0 0;padding:0;font-size:13.5px;overflow-wrap:anywhere}
.wrong li{margin:0 0 4px}.wrong small{color:var(--soft)}
.tag{display:inline-block;padding:0 7px;border-radius:9px;background:var(--faint);color:var(--soft);font-size:12.5px;
white-space:nowrap}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:0 0 6px;padding:0;font-size:13px}
.key{display:inline-block;width:18px;height:0;border-top:3px solid;margin-right:6px;vertical-align:middle}
.key.dashed{border-top-style:dotted}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font-size:11.5px;font-family:inherit}
svg .end{text-anchor:end}svg .middle,svg .share{text-anchor:middle}
svg .title{font-size:12px}svg .label{fill:var(--ink)}
svg .grid{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--soft);stroke-width:1;fill:none}
svg .diagonal{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:3 4;fill:none}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke:var(--c)}svg .line.dashed{stroke-dasharray:5 4}
svg .dot{fill:var(--card);stroke-width:2;stroke:var(--c)}
svg .cell{stroke:var(--line);stroke-width:.6}svg .right{fill:var(--good)}svg .wrong{fill:var(--bad)}
svg .share{font-size:10.5px;fill:var(--ink)}svg .over{fill:var(--over)}
.bars .group{font-size:13px;color:var(--soft);margin:10px 0 3px}
.bars .row{display:grid;grid-template-columns:minmax(80px,150px) 1fr 52px;gap:10px;align-items:center;font-size:13.5px}
.bars .name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.bars b{font-weight:500;text-align:right;font-variant-numeric:tabular-nums}
.track{background:var(--faint);border-radius:4px;height:10px;overflow:hidden}
.bar{height:100%;background:var(--c);border-radius:4px}
input[type=search]{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:7px;
padding:5px 10px;width:min(100%,320px);margin:0 0 10px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;font-size:14px;max-width:90ch}
dt{font-weight:600}dd{margin:0;color:var(--soft)}
footer{margin-top:48px;color:var(--soft);font-size:13px}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}
.c6{--c:var(--c6)}.c7{--c:var(--c7)}.key{border-color:var(--c)}
[hidden]{display:none!important}
@media (max-width:640px){main{padding:20px 14px 48px}h1{font-size:22px}h2{margin-top:34px}.card{padding:12px}
.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile{padding:10px 12px}.tile b{font-size:22px}th,td{padding:6px 7px}
dl{grid-template-columns:1fr;gap:0 0}dd{margin-bottom:8px}.bars .row{grid-template-columns:92px 1fr 50px;gap:8px}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc}body{font-size:11pt}nav,input,
summary{display:none!important}.tall{max-height:none;overflow:visible}.card,.tile,tr{break-inside:avoid}
main{max-width:none;padding:0}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}thead th{position:static}}
"""

SCRIPT = """
document.querySelectorAll("table.sortable").forEach(table=>{
 const heads=[...table.tHead.rows[0].cells],body=table.tBodies[0];
 const value=(row,i)=>{const c=row.cells[i];
  return c.dataset.v!==undefined?+c.dataset.v:c.textContent.trim().toLowerCase()};
 heads.forEach((head,i)=>{const button=head.querySelector("button");if(!button)return;
  button.addEventListener("click",()=>{
   const text=!head.classList.contains("n"),was=head.getAttribute("aria-sort");
   const up=was?was==="descending":text;
   heads.forEach(h=>h.removeAttribute("aria-sort"));head.setAttribute("aria-sort",up?"ascending":"descending");
   const rows=[...body.rows].sort((a,b)=>{const x=value(a,i),y=value(b,i);
    return (typeof x==="number"&&typeof y==="number"?x-y:String(x).localeCompare(String(y)))*(up?1:-1)});
   body.append(...rows)})})});
document.querySelectorAll("input[data-filter]").forEach(input=>{
 input.hidden=false;const body=document.getElementById(input.dataset.filter).tBodies[0];
 input.addEventListener("input",()=>{const wanted=input.value.toLowerCase();
  for(const row of body.rows)row.hidden=!row.textContent.toLowerCase().includes(wanted)})});
addEventListener("beforeprint",()=>document.querySelectorAll("details").forEach(d=>d.open=true));
"""
