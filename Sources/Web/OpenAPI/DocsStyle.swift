/// How the page of the published API looks: system fonts, one column on small screens, light and dark as the reader's
/// system is.
enum DocsStyle {
    static let style = PageStyle(
        """
        :root{color-scheme:light dark;--page:#fbfbfa;--panel:#f2f2ef;--line:#dddcd6;--text:#1f2328;--soft:#5b616a;
        --link:#0b57a8;--get:#0b6b3a;--post:#0b57a8;--change:#8a5200;--delete:#a3262a}
        @media (prefers-color-scheme:dark){:root{--page:#16181b;--panel:#1e2125;--line:#33373d;--text:#e4e6e9;
        --soft:#a2a9b3;--link:#7db8f5;--get:#6fce97;--post:#7db8f5;--change:#e5b567;--delete:#f08a8d}}
        *{box-sizing:border-box}
        html{scroll-padding-top:1.5rem}
        body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,sans-serif}
        a{color:var(--link);text-underline-offset:.2em}
        :focus-visible{outline:2px solid var(--link);outline-offset:2px}
        .skip{position:absolute;left:-100vw}
        .skip:focus{left:1rem;top:1rem;padding:.5rem 1rem;background:var(--page);z-index:1}
        nav{padding:1rem 1.25rem;border-bottom:1px solid var(--line);background:var(--panel)}
        nav .title{margin:0 0 .5rem;font-weight:600}
        nav .title a{color:inherit;text-decoration:none}
        nav .index{display:none}
        nav .tag{margin:1rem 0 .25rem;font-size:.8rem;font-weight:600;color:var(--soft)}
        nav ul{margin:0;padding:0;list-style:none}
        nav li a{display:flex;gap:.5rem;align-items:baseline;padding:.2rem 0;color:inherit;text-decoration:none;
        font-size:.9rem;line-height:1.35}
        nav li a:hover{text-decoration:underline}
        nav .method{flex:0 0 3.6rem}
        main{max-width:54rem;padding:1.5rem 1.25rem 6rem}
        h1{margin:0;font-size:1.9rem;line-height:1.2}
        h2{margin:3.5rem 0 .25rem;font-size:1.4rem;line-height:1.25}
        h3{margin:0;font-size:1.1rem;line-height:1.3}
        h4{margin:1.5rem 0 .5rem;font-size:.9rem;color:var(--soft)}
        p{margin:.5rem 0;overflow-wrap:break-word}
        header p,article>p{max-width:44rem}
        article{margin-top:1.25rem;padding:1.25rem 0;border-top:1px solid var(--line)}
        code,pre{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        .route{overflow-wrap:anywhere}
        .method{font-size:.72rem;font-weight:700;color:var(--soft)}
        .get{color:var(--get)}.post{color:var(--post)}.put,.patch{color:var(--change)}.delete{color:var(--delete)}
        .note{color:var(--soft);font-size:.88rem}
        pre{margin:.5rem 0;padding:.75rem 1rem;overflow-x:auto;border:1px solid var(--line);border-radius:6px;
        background:var(--panel)}
        table{width:100%;border-collapse:collapse}
        tr{border-top:1px solid var(--line)}
        tr:first-child{border-top:0}
        th,td{display:block;padding:.5rem 0 0;text-align:left;vertical-align:top;font-weight:400;
        overflow-wrap:anywhere}
        td{padding:0 0 .5rem}
        th .note{margin-left:.5rem}
        td p{margin:0}
        details,.answer{margin:0;border-top:1px solid var(--line)}
        .answer{padding:.45rem 0 .45rem 1.1rem}
        nav details{border:0}
        summary{padding:.45rem 0;cursor:pointer}
        .status{font:600 .86rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft)}
        .good{color:var(--get)}
        @media (min-width:640px){th,td{display:table-cell;padding:.55rem 1rem .55rem 0}
        th{width:14rem}th .note{display:block;margin:0}}
        @media (min-width:1000px){body{display:grid;grid-template-columns:19rem minmax(0,1fr)}
        nav{position:sticky;top:0;height:100vh;overflow-y:auto;padding:1.75rem 1.25rem;border-bottom:0;
        border-right:1px solid var(--line)}
        nav details{display:none}nav .index{display:block}
        main{padding:2.5rem 3rem 8rem}}
        """)
}
