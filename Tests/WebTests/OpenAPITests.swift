import Domain
import Foundation
import HTTPTypes
import Testing

@testable import Web

/// The published document says what the program does: neither more nor less.
@Suite struct OpenAPITests {
    private let document: OpenAPIDocument

    init() throws { document = try OpenAPIDocument(DocumentRoutes.openAPI) }

    private var operations: [OpenAPIDocument.Operation] { document.tags.flatMap(\.operations) }

    @Test func everyEndpointIsPublishedAndNothingElse() throws {
        let mounted = try EndpointCatalogue.withoutDatabase().api.map { "\($0.method.rawValue) \($0.documentedPath)" }
        let published = operations.map { "\($0.method) \($0.path)" }
        #expect(mounted.sorted() == published.sorted())
        #expect(Set(operations.map(\.id)).count == operations.count)
        #expect(document.root["paths"]?.members.flatMap(\.value.members).count == operations.count, "a tag is missing")
    }

    @Test func accessIsPublished() throws {
        let endpoints = try EndpointCatalogue.withoutDatabase().api
        for operation in operations {
            let endpoint = try #require(
                endpoints.first { $0.documentedPath == operation.path && $0.method.rawValue == operation.method })
            let isPublic = operation.content["security"] == .array([])
            switch endpoint.access {
            case .open:
                #expect(operation.access == "open", "\(operation.id)")
                #expect(operation.permission == nil && isPublic, "\(operation.id)")
            case .anyPrincipal:
                #expect(operation.access == "any_principal", "\(operation.id)")
                #expect(operation.permission == nil && !isPublic, "\(operation.id)")
            case .permission(let permission):
                #expect(operation.access == "permission", "\(operation.id)")
                #expect(operation.permission == permission.rawValue && !isPublic, "\(operation.id)")
            }
        }
    }

    @Test func everyReferencePointsSomewhere() {
        var references = 0
        func walk(_ value: OrderedJSON) {
            if let pointer = value["$ref"]?.text {
                references += 1
                #expect(document.value(at: pointer) != nil, "\(pointer)")
            }
            value.members.forEach { walk($0.value) }
            value.elements.forEach(walk)
        }
        walk(document.root)
        #expect(references > 100)
    }

    @Test func closedSetsAreTheProgramsOwn() {
        func published(_ pointer: String) -> [String]? {
            document.value(at: "#/components/schemas/" + pointer)?["enum"]?.elements.compactMap(\.text)
        }
        #expect(published("ProblemCode") == ProblemCode.allCases.map(\.rawValue))
        #expect(published("EntryIssue/properties/code") == EntryIssueCode.allCases.map(\.rawValue))
        #expect(published("Permission") == Permission.allCases.map(\.rawValue))
        #expect(published("Scope") == Scope.allCases.map(\.rawValue))
        #expect(published("Role") == Role.allCases.map(\.rawValue))
        #expect(published("Application") == Application.allCases.map(\.rawValue))
        #expect(published("Method") == CallMethod.allCases.map(\.rawValue))
        #expect(published("CallStatus") == CallStatus.allCases.map(\.rawValue))
        #expect(published("ChannelKind") == NotificationChannel.Kind.allCases.map(\.rawValue))
        #expect(published("ConnectionState") == ConnectionState.allCases.map(\.rawValue))
        #expect(published("ConnectionAuth") == ConnectionAuth.allCases.map(\.rawValue))
        #expect(published("ConnectionNodeState") == ConnectionNode.State.allCases.map(\.rawValue))
        #expect(published("ConnectionEventKind") == ConnectionEvent.Kind.allCases.map(\.rawValue))
        #expect(published("ShareState") == Share.State.allCases.map(\.rawValue))
        #expect(published("ShareRecipient/properties/state") == Share.Recipient.State.allCases.map(\.rawValue))
        #expect(published("ChannelEvent") == NotificationChannel.Event.allCases.map(\.rawValue))
    }

    @Test func filtersArePublished() throws {
        let list = try #require(operations.first { $0.id == "listCallLogs" })
        let names = (list.content["parameters"]?.elements ?? []).compactMap { document.resolved($0)["name"]?.text }
        #expect(Set(names) == CallLogQuery.parameters.union(["limit", "cursor"]))
    }

    @Test func pageHoldsEveryOperationAndNoScript() throws {
        let page = DocsPage(document)
        for operation in operations {
            #expect(page.html.contains("<article id=\"\(operation.id)\">"))
            #expect(page.html.contains("<code>\(operation.path)</code>"))
        }
        for forbidden in ["<script", "style=\"", "javascript:", "src=\"", "@import", "url("] {
            #expect(!page.html.contains(forbidden), "\(forbidden)")
        }
        #expect(page.contentSecurityPolicy.hasPrefix("default-src 'none'; style-src 'sha256-"))
    }
}

@Suite struct OrderedJSONTests {
    @Test func keepsTheOrder() throws {
        let json = try OrderedJSON(Array(#" {"b":[1,-2.5e3,true,null],"a":{"ü\"\n":"\u00e4\\"},"c":{}} "#.utf8))
        #expect(json.members.map(\.name) == ["b", "a", "c"])
        #expect(json["a"]?.members.first?.name == "ü\"\n")
        #expect(json["a"]?.members.first?.value.text == "ä\\")
        #expect(json.rendered() == #"{"b": [1, -2.5e3, true, null], "a": {"ü\"\n": "ä\\"}, "c": {}}"#)
    }

    @Test(arguments: ["", "{", "[1,", "{\"a\"}", "{\"a\":}", "\"a", "\"\\", "tru", "1 2", "[1]]", "{a:1}", "nan0"])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(throws: OrderedJSON.Malformed.self) { try OrderedJSON(Array(text.utf8)) }
    }

    @Test func refusesWhatIsTooDeep() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: OrderedJSON.Malformed.self) { try OrderedJSON(text) }
    }
}

@Suite struct HTMLWriterTests {
    @Test func escapesTextAndAttributes() {
        var html = HTMLWriter()
        html.element("a", ["href": "\"><script>"], "<b> & 'c'")
        #expect(html.text == "<!doctype html><a href=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt; &amp; &#39;c&#39;</a>")
    }
}
