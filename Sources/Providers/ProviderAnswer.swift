import Domain
import Foundation
public import Transfer

/// An answer of a provider, read as JSON where it is.
public struct ProviderAnswer: Sendable {
    /// 200…599.
    public let status: Int
    /// In the order they came.
    public let headers: [HTTPTransferHeader]
    /// As it came.
    public let body: [UInt8]
    /// Nil when the body is none.
    let json: JSONValue?

    /// Reads an answer.
    /// - Parameters:
    ///   - status: 200…599.
    ///   - headers: in the order they came.
    ///   - body: as it came; beyond 256 KiB it is not read.
    public init(status: Int, headers: [HTTPTransferHeader] = [], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
        json =
            body.count <= ProviderClient.longestAnswer
            ? try? JSONDecoder().decode(JSONValue.self, from: Data(body)) : nil
    }

    init(_ response: HTTPTransferResponse) {
        self.init(status: response.status, headers: response.headers, body: response.body)
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    /// The first header of a name.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// Seconds after which it may be asked again, as it says (RFC 9110, section 10.2.3); 0…3600.
    func retryAfterSeconds(now: Date = Date()) -> Int64? {
        RetryAfter.seconds(header("retry-after"), now: now)
    }

    /// Why a body that should be JSON is none, in words.
    var nonsense: String {
        if body.isEmpty { return "nothing" }
        let isPage =
            header("content-type")?.lowercased().contains("html") == true
            || body.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == UInt8(ascii: "<")
        return isPage ? "a web page" : "something that is not JSON"
    }
}
