/// How a shared call looks: a report of two columns, one on a phone, light and dark as the reader's system is.
enum ShareStyle {
    static let sheet: StaticString = """
        :root{color-scheme:light dark;--page:#f2f2ef;--panel:#fff;--code:#f7f7f5;--line:#dddcd6;--text:#1f2328;
        --soft:#5b616a;--link:#0b57a8;--on:#fff;--bad:#a3262a;--bad-panel:#fbeaea;--good:#1b6635;--good-panel:#e6f4ea}
        @media (prefers-color-scheme:dark){:root{--page:#16181b;--panel:#1e2125;--code:#181a1e;--line:#33373d;
        --text:#e4e6e9;--soft:#a2a9b3;--link:#7db8f5;--on:#10233a;--bad:#f4a6a8;--bad-panel:#3a2226;--good:#8fd6a8;
        --good-panel:#1d3327}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--text);font:14px/1.5 system-ui,sans-serif;
        font-variant-numeric:tabular-nums}
        a{color:var(--link)}
        :focus-visible{outline:2px solid var(--link);outline-offset:2px}
        bdi,dd,td,th,blockquote,pre{unicode-bidi:isolate}
        .top,main,footer{max-width:1280px;margin:0 auto;padding:16px 24px}
        .top{color:var(--soft);overflow-wrap:anywhere}.top strong{color:var(--text)}
        main{padding-top:0;display:grid;gap:16px;grid-template-columns:minmax(0,1fr)}
        section{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:20px;min-width:0}
        h1{margin:8px 0;font-size:20px;line-height:1.3;font-weight:600;overflow-wrap:anywhere}
        h2{margin:0 0 12px;font-size:15px}
        h3{margin:16px 0 6px;font-size:13px;font-weight:600;color:var(--soft)}
        h3:first-of-type{margin-top:0}
        p{margin:0 0 8px;overflow-wrap:anywhere}p:last-child{margin-bottom:0}
        .soft{color:var(--soft)}
        .badge{display:inline-block;padding:2px 8px;border-radius:4px;font-size:13px;font-weight:600}
        .bad{background:var(--bad-panel);color:var(--bad)}.good{background:var(--good-panel);color:var(--good)}
        [role=alert]{color:var(--bad)}
        blockquote{margin:12px 0 0;padding:10px 12px;background:var(--code);border-radius:6px;white-space:pre-wrap;
        overflow-wrap:anywhere;max-height:320px;overflow:auto}
        .said{border-left:3px solid var(--bad);border-radius:0 6px 6px 0}
        .head .note{margin-top:16px}
        .downloads{display:flex;flex-wrap:wrap;gap:8px;margin:16px 0 0}
        .button,button{display:inline-block;padding:8px 16px;border:1px solid var(--link);border-radius:6px;font:inherit;
        font-weight:600;text-decoration:none;background:var(--link);color:var(--on);cursor:pointer}
        .button+.button{background:none;color:var(--link)}
        dl{margin:0;display:grid;grid-template-columns:96px minmax(0,1fr);gap:8px 12px}
        dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;max-height:160px;overflow:auto}
        .code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        pre{margin:0;padding:12px;max-height:420px;overflow:auto;background:var(--code);border:1px solid var(--line);
        border-radius:6px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;
        overflow-wrap:anywhere;tab-size:4}
        pre code{font:inherit}
        .rows{max-height:320px;overflow:auto;border:1px solid var(--line);border-radius:6px}
        table{width:100%;border-collapse:collapse;table-layout:fixed;
        font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        th,td{padding:6px 12px;text-align:left;vertical-align:top;font-weight:400;overflow-wrap:anywhere}
        th{width:34%;color:var(--soft)}
        tr+tr{border-top:1px solid var(--line)}
        .note{margin:6px 0 0;font-size:13px;color:var(--soft)}
        footer{padding-top:0;font-size:13px;color:var(--soft)}
        .narrow{max-width:440px;margin:12vh auto 0;padding:0 16px}
        .narrow h1{margin-top:0}
        label{display:block}
        input{display:block;width:100%;margin:4px 0 12px;padding:8px 12px;font:inherit;color:inherit;
        background:var(--page);border:1px solid var(--soft);border-radius:6px}
        @media (max-width:639px){.top,main,footer{padding-left:0;padding-right:0}.top,footer{padding-left:16px;
        padding-right:16px}section{padding:16px;border-width:1px 0;border-radius:0}
        .narrow section{border-width:1px;border-radius:6px}.rows th,.rows td{display:block;width:auto}
        .rows th{padding-bottom:0}.rows td{padding-top:0}.downloads .button{flex:1 1 140px;text-align:center}
        dl{grid-template-columns:84px minmax(0,1fr)}}
        @media (min-width:1000px){main.report{grid-template-columns:minmax(0,340px) minmax(0,1fr)}
        .head{grid-column:1/-1}
        .report .facts{align-self:start;grid-column:1;position:sticky;top:16px}.report .sides{grid-column:2;display:grid;gap:16px}}
        .sides{display:grid;gap:16px;grid-template-columns:minmax(0,1fr)}
        """
}
