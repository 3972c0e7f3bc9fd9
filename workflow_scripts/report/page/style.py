"""The look of a page: for screens, phones, print, light and dark; no font or script is fetched."""

#: Steps of a shaded cell; 0 has no background.
STEPS = 9
_SHADES = "\n".join(f".s{step}{{background:rgba(var(--shade),{step * 0.058:.3f})}}" for step in range(STEPS))
CSS = (
    """
:root{color-scheme:light dark;--ink:#1b1b1b;--soft:#555;--paper:#fff;--line:#d0d0d0;--link:#0b57a4;
--shade:0,102,190;--box:#eef4fb;--edge:#0b57a4;--warn:#fff4dc;--warnedge:#b86e00}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a9a9a9;--paper:#16181b;--line:#3c4045;
--link:#8ec1ff;--shade:80,160,255;--box:#1c2733;--edge:#8ec1ff;--warn:#33270f;--warnedge:#ffb84d}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:64rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}
h2{font-size:1.25rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin-top:1.6rem}a{color:var(--link)}
code{font-family:ui-monospace,monospace;font-size:.92em}
.box{border-left:.3rem solid var(--edge);background:var(--box);padding:.6rem 1rem;margin:1rem 0}
.box ul{padding-left:1.2rem;margin:.3rem 0}.box p{margin:0;font-weight:600}
.warning,.partial{border-color:var(--warnedge);background:var(--warn)}
.wide{overflow-x:auto;margin:0 0 .8rem}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
.caption{font-size:.9rem;margin:1.2rem 0 .2rem}
th,td{padding:.2rem .5rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;
overflow-wrap:normal}
thead th{vertical-align:bottom;font-weight:600}
th[scope=row],td.t,th.t{text-align:left;font-weight:400}
td.t{min-width:9rem}
th[scope=row]{position:sticky;left:0;background:var(--paper)}
.note{color:var(--soft);font-size:.86rem;margin:.2rem 0 .8rem}
figure{margin:1.2rem 0}figure img{max-width:100%;height:auto;background:#fff}
figcaption{color:var(--soft);font-size:.86rem}
"""
    + _SHADES
    + """
@media (max-width:40rem){body{padding:.7rem}table{font-size:.78rem}th,td{padding:.15rem .35rem}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--link:#000;
--shade:0,102,190;--box:#fff;--edge:#000;--warn:#fff;--warnedge:#000}
body{max-width:none;padding:0;font-size:9.5pt}table{font-size:7.5pt}.wide{overflow:visible}
th,td{padding:.1rem .25rem}tr,figure,.box{break-inside:avoid}h2,h3,.caption{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}th[scope=row]{position:static}}
"""
)
