public import Foundation

/// Base64 in the alphabet that needs no escaping in a URL (RFC 4648, section 5), without padding.
public enum Base64URL {
    /// Writes bytes as text.
    /// - Parameter bytes: any.
    public static func encode(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Reads bytes back; nil when the text is none that `encode` could have written.
    /// - Parameter text: without padding.
    public static func decode(_ text: String) -> Data? {
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4))
    }
}
