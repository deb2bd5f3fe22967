import Domain
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose request does not arrive in time, however steadily it drips.
///
/// A request that arrives in one piece (nearly all do) costs no timer: one is set only when a read ends amid a request.
final class RequestDeadlineHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// What streams through may take its time, and gets no answer of ours amid another's.
    private static let streaming = (prefix: "/v1/proxy/", deadline: TimeAmount.seconds(300))

    private let deadline: TimeAmount
    private var isStreaming = false
    private var isAmidRequest = false
    private var timer: Scheduled<Void>?

    init(deadline: TimeAmount) { self.deadline = deadline }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isAmidRequest = true
            isStreaming = head.path?.hasPrefix(Self.streaming.prefix) ?? false
        case .body: break
        case .end:
            isAmidRequest = false
            timer?.cancel()
            timer = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isAmidRequest, timer == nil {
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(in: isStreaming ? Self.streaming.deadline : deadline) {
                let (handler, context) = loopBound.value
                handler.expire(context)
            }
        }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    private func expire(_ context: ChannelHandlerContext) {
        timer = nil
        guard isAmidRequest else { return }
        if isStreaming { return context.close(promise: nil) }
        let seconds = deadline.nanoseconds / 1_000_000_000
        end(context, by: Problem(.requestTimeout, "The whole request must arrive within \(seconds) seconds."))
    }
}
