import Foundation

/// What the demo remembers between two starts.
struct DemoState: Codable {
    var tenantID: String
    var writeKey: String
    var readKey: String
    /// True once the thirty days of calls were sent in.
    var isSeeded = false

    /// Reads what was remembered; nil at the first start.
    /// - Parameter directory: of the demo.
    static func load(from directory: URL) -> DemoState? {
        guard let data = try? Data(contentsOf: file(in: directory)) else { return nil }
        return try? JSONDecoder().decode(DemoState.self, from: data)
    }

    /// Remembers, for the owner's eyes only.
    func save(to directory: URL) throws {
        let file = Self.file(in: directory)
        try PrivateFile.write(JSONEncoder().encode(self), to: file)
    }

    private static func file(in directory: URL) -> URL { directory.appending(path: "demo.json") }
}
