public import Foundation

/// Whether a call did what the bot wanted.
public enum CallStatus: String, Sendable, CaseIterable {
    case success
    case error
}

/// The bot that made a call, as the client names it.
public struct BotReference: Sendable, Hashable {
    /// The client's own id, 1…128 bytes.
    public var id: String
    /// The name that people read, when the client sent one.
    public var name: String?

    /// Names a bot.
    /// - Parameters:
    ///   - id: the client's own id.
    ///   - name: the name that people read.
    public init(id: String, name: String? = nil) {
        self.id = id
        self.name = name
    }

    /// Byte for byte, as the database compares: two spellings of one character are two bots.
    public static func == (left: BotReference, right: BotReference) -> Bool {
        ExactText(left.id) == ExactText(right.id) && left.name.map(ExactText.init) == right.name.map(ExactText.init)
    }

    /// By the bytes of the id.
    public func hash(into hasher: inout Hasher) { ExactText(id).hash(into: &hasher) }
}

/// A text that equals another only byte for byte.
///
/// Swift's own texts are equal when they look the same ("é" as one scalar or as two); ids in the database are not.
public struct ExactText: Sendable, Hashable {
    /// The text.
    public var text: String

    /// Wraps a text.
    /// - Parameter text: any.
    public init(_ text: String) { self.text = text }

    /// Byte for byte.
    public static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// By the bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// Where in the platform a call came from.
public enum CallSource: Sendable, Hashable {
    /// A node of a bot's flow: the path as people read it, and the node's id.
    case flow(path: String?, nodeID: String?)
    /// The inbox: a human agent made the call.
    case inbox(agentName: String?, agentEmail: String?)
}

/// The end user for whom a call was made.
public struct EndUser: Sendable, Hashable {
    /// The client's own id.
    public var id: String?
    /// The name that people read.
    public var name: String?

    /// Names an end user.
    /// - Parameters:
    ///   - id: the client's own id.
    ///   - name: the name that people read.
    public init(id: String? = nil, name: String? = nil) {
        self.id = id
        self.name = name
    }
}

/// What the client said went wrong.
public struct CallError: Sendable, Hashable {
    /// A short word such as `provider_down`.
    public var type: String?
    /// A sentence.
    public var message: String?

    /// Describes an error.
    /// - Parameters:
    ///   - type: a short word.
    ///   - message: a sentence.
    public init(type: String? = nil, message: String? = nil) {
        self.type = type
        self.message = message
    }
}

/// A call as it is stored: validated and redacted, everything but its headers and bodies.
public struct CallLog: Sendable, Hashable {
    /// UUIDv7 whose time is `occurredAt` in milliseconds.
    public var id: UUID
    /// When the call was made.
    public var occurredAt: Timestamp
    /// The application called.
    public var application: Application
    /// The bot that called.
    public var bot: BotReference
    /// Where the call came from; nil when the client did not say.
    public var source: CallSource?
    /// For whom; nil when the client did not say.
    public var user: EndUser?
    /// The request type.
    public var method: CallMethod
    /// The URL called, redacted.
    public var url: String
    /// 100…599.
    public var statusCode: Int16
    /// Success or error, as decided when the entry was taken in.
    public var status: CallStatus
    /// Milliseconds the call took; nil when the client did not say.
    public var durationMilliseconds: Int32?
    /// What the client said went wrong.
    public var error: CallError?
    /// The connection that was used, as the client names it.
    public var connectionID: String?
    /// 1 for the first try; nil when the client did not say.
    public var attempt: Int16?

    /// Puts a call together; see the properties.
    public init(
        id: UUID, occurredAt: Timestamp, application: Application, bot: BotReference, source: CallSource? = nil,
        user: EndUser? = nil, method: CallMethod, url: String, statusCode: Int16, status: CallStatus,
        durationMilliseconds: Int32? = nil, error: CallError? = nil, connectionID: String? = nil, attempt: Int16? = nil
    ) {
        self.id = id
        self.occurredAt = occurredAt
        self.application = application
        self.bot = bot
        self.source = source
        self.user = user
        self.method = method
        self.url = url
        self.statusCode = statusCode
        self.status = status
        self.durationMilliseconds = durationMilliseconds
        self.error = error
        self.connectionID = connectionID
        self.attempt = attempt
    }
}
