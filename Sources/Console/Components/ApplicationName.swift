public import Domain

/// An application's name with its monogram.
public struct ApplicationName: Component {
    let monogram: String
    let name: String

    /// Names an application.
    /// - Parameter application: any.
    public init(_ application: Application) {
        monogram = application.monogram
        name = application.name
    }

    /// The partial that shows it.
    public static let template = """
        <span class="application"><span class="monogram" aria-hidden="true">{{monogram}}</span>{{name}}</span>
        """
}
