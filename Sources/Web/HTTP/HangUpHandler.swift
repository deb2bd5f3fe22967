import NIOCore
import Synchronization

/// What is to be done when the other end of a connection hangs up amid a request.
final class HangUps: Sendable {
    private let actions = Mutex<[ObjectIdentifier: @Sendable () -> Void]>([:])

    /// Does something while it is to be known whether the other end hangs up.
    /// - Parameters:
    ///   - connection: the channel.
    ///   - action: what to do when it closes; quick.
    func watch(_ connection: ObjectIdentifier, _ action: @escaping @Sendable () -> Void) {
        actions.withLock { $0[connection] = action }
    }

    /// The request is over.
    func forget(_ connection: ObjectIdentifier) { actions.withLock { $0[connection] = nil } }

    fileprivate func closed(_ connection: ObjectIdentifier) {
        actions.withLock { $0.removeValue(forKey: connection) }?()
    }
}

/// Says when a connection is closed.
final class HangUpHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let hangUps: HangUps

    init(_ hangUps: HangUps) { self.hangUps = hangUps }

    /// Half a connection is left: whoever waits for an answer does not close theirs.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { hangUps.closed(ObjectIdentifier(context.channel)) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hangUps.closed(ObjectIdentifier(context.channel))
        context.fireChannelInactive()
    }
}
