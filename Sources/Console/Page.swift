import Domain

/// A whole page: the document's head, a frame, and what stands in it.
public struct Page: Component {
    /// Stands in the browser's tab.
    public var title: String
    /// `Frame` for people who are signed in, `PlainFrame` for everybody else.
    public var frame: any Component
    /// The zone in which times are written; the script compares it with the reader's.
    public var zone: String
    let sheet = ConsoleAssets.sheet.path
    let script: String?
    /// Seconds after which a page loads itself anew where no script does that.
    public var refreshSeconds: Int?
    let icon = ConsoleAssets.icon.path

    /// Puts a page together; see the properties.
    /// - Parameter hasScript: whether the console's script runs; not on pages whose address is a secret.
    public init(title: String, frame: any Component, zone: ReaderZone = .utc, hasScript: Bool = true) {
        self.title = title.visible
        script = hasScript ? ConsoleAssets.script.path : nil
        self.frame = frame
        self.zone = zone.identifier
    }

    /// The partial that shows it.
    public static let template = """
        <!doctype html>
        <html lang="en" data-zone="{{zone}}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}} · Calltrail</title>
        <link rel="stylesheet" href="{{sheet}}">
        <link rel="icon" type="image/svg+xml" href="{{icon}}">
        {{#refreshSeconds}}<noscript><meta http-equiv="refresh" content="{{.}}"></noscript>{{/refreshSeconds}}
        {{#script}}<script src="{{.}}" defer></script>{{/script}}
        </head>
        {{#frame}}{{>*partial}}{{/frame}}
        </html>
        """
}
