/// How a shared call looks: as the report in the console does, by the same tokens, without any file to load.
enum ShareStyle {
    static let style = PageStyle(
        """
        *,::before,::after{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--text);
        font:14px/20px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums;
        overflow-wrap:anywhere}
        h1,h2,h3,p,dl,dd,pre,blockquote{margin:0;padding:0}
        :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
        bdi,dd,td,th,blockquote,pre{unicode-bidi:isolate}
        .page header,.page main,.page footer{max-width:1184px;margin:0 auto;padding:0 var(--s8)}
        .page header{padding-top:var(--s4)}.page footer{padding-bottom:var(--s8);font-size:13px;color:var(--soft)}
        .page main{display:grid;gap:var(--s4);grid-template-columns:minmax(0,1fr);margin-bottom:var(--s4)}
        .name{display:flex;flex-wrap:wrap;align-items:center;gap:var(--s2);margin-bottom:var(--s3);font-weight:600}
        .name .soft{font-weight:400}
        svg{flex:none;width:16px;height:16px;fill:none;stroke:var(--accent);stroke-width:1.5;stroke-linecap:round}
        .panel,.card{display:flex;flex-direction:column;gap:var(--s3);padding:var(--s4);min-width:0;
        background:var(--panel);border:1px solid var(--line);border-radius:var(--radius)}
        .page h1{position:relative;padding-left:24px;font-size:16px;line-height:24px;font-weight:400}
        .page h1 bdi,h1 b{font-weight:600}
        .sign{position:absolute;left:2px;font-weight:600}
        h2{font-size:14px;font-weight:600}
        h3{margin:var(--s1) 0 -4px;font-size:12px;line-height:16px;font-weight:500;color:var(--soft)}
        .soft{color:var(--soft)}.small{font-size:13px}
        .error{color:var(--error)}.success{color:var(--success)}
        .reading{display:flex;flex-direction:column;gap:var(--s2);padding:var(--s3);background:var(--error-back);
        border-left:3px solid var(--error);border-radius:0 var(--radius) var(--radius) 0}
        .notice{padding:var(--s2) var(--s3);border-radius:var(--radius)}.notice.error{background:var(--error-back)}
        blockquote{white-space:pre-wrap;max-height:320px;overflow:auto}
        .panel>blockquote{padding:var(--s2) var(--s3);border-left:3px solid var(--line);color:var(--soft)}
        .actions{display:flex;flex-wrap:wrap;gap:var(--s2)}
        .button{display:inline-flex;align-items:center;justify-content:center;min-height:32px;padding:5px var(--s3);
        border:1px solid transparent;border-radius:var(--radius);font:inherit;font-weight:500;text-decoration:none;
        cursor:pointer}
        .primary{background:var(--accent);color:var(--on-accent)}
        .primary:hover{background:color-mix(in srgb,var(--accent) 88%,var(--text))}
        .button.plain{background:var(--panel);border-color:var(--line);color:var(--text)}
        .button.plain:hover{background:var(--hover)}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:var(--s3) var(--s4)}
        .facts .wide{grid-column:1/-1}
        dt{font-size:12px;color:var(--soft)}dd{max-height:160px;overflow:auto}
        .mono,pre,table{font:12.5px/18px var(--mono)}
        pre,.rows{background:var(--code);border:1px solid var(--line);border-radius:var(--radius)}
        pre{padding:var(--s3);max-height:420px;overflow:auto;white-space:pre-wrap;tab-size:4}
        pre code{font:inherit}
        .rows{max-height:320px;overflow:auto;padding:var(--s2) var(--s3)}
        table{width:100%;border-collapse:collapse;table-layout:fixed}
        th,td{padding:2px 0;text-align:left;vertical-align:top;font-weight:400}
        th{width:34%;padding-right:var(--s3);color:var(--soft)}
        .sides{display:grid;gap:var(--s4);grid-template-columns:minmax(0,1fr);align-items:start}
        .single{min-height:100vh;display:grid;place-items:center;padding:var(--s4)}
        .single main{width:min(400px,100%)}
        .card{gap:var(--s4);padding:var(--s6)}
        .card h1{font-size:20px;line-height:28px;font-weight:600}
        form{display:flex;flex-direction:column;gap:var(--s4)}
        label{font-weight:500}
        input{display:block;width:100%;min-height:32px;margin-top:var(--s1);padding:5px 10px;font:inherit;
        font-weight:400;color:inherit;background:var(--panel);border:1px solid var(--edge);
        border-radius:var(--radius)}
        input:focus{outline:2px solid var(--accent);outline-offset:-1px;border-color:var(--accent)}
        @media (min-width:1001px){.sides{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
        @media (max-width:760px){.page header,.page main,.page footer{padding-left:var(--s4);padding-right:var(--s4)}
        .button,input{min-height:40px}input{font-size:16px}.actions .button{flex:1 1 140px}
        .facts{grid-template-columns:repeat(auto-fill,minmax(140px,1fr))}
        tr,th,td{display:block;width:auto}td{padding-bottom:var(--s2)}}
        """, usesTokens: true)
}
