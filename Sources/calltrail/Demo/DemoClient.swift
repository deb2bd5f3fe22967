import Demo
import Domain
import Foundation
import Transfer

/// Uses the API as a platform's backend would: over HTTP, with keys.
struct DemoClient: Sendable {
    let transfer: HTTPTransfer
    let url: String
    let writeKey: String
    let readKey: String

    /// What the API answered that it should not have.
    struct Unexpected: Error, CustomStringConvertible {
        var description: String
    }

    /// Sends calls in.
    /// - Parameter lines: NDJSON.
    /// - Returns: how many were accepted.
    func send(_ lines: [UInt8]) async throws -> Int {
        let answer = try await perform("POST", "/v1/call-logs", key: writeKey, body: lines)
        guard answer.status == 200, let accepted = try answer.json()["accepted"] as? Int else {
            throw Unexpected(description: "sending calls was answered by \(answer.status): \(answer.text.prefix(500))")
        }
        return accepted
    }

    /// Finds calls.
    /// - Parameter query: as in a URL.
    func find(_ query: String) async throws -> [[String: Any]] {
        let answer = try await perform("GET", "/v1/call-logs?\(query)", key: readKey, body: nil)
        guard answer.status == 200, let data = try answer.json()["data"] as? [[String: Any]] else {
            throw Unexpected(description: "finding calls was answered by \(answer.status): \(answer.text.prefix(500))")
        }
        return data
    }

    private struct Answer {
        var status: Int
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
        }
    }

    private func perform(_ method: String, _ path: String, key: String, body: [UInt8]?) async throws -> Answer {
        var headers = [HTTPTransferHeader("Authorization", "Bearer \(key)")]
        if body != nil { headers.append(HTTPTransferHeader("Content-Type", "application/x-ndjson")) }
        var request = HTTPTransferRequest(method: method, url: url + path)
        request.headers = headers
        request.body = body
        let response = try await transfer.perform(request)
        return Answer(status: response.status, body: response.body)
    }
}
