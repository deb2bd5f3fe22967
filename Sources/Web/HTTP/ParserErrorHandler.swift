import Domain
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers what is no HTTP, or has headers beyond all measure, by a problem, and ends the connection.
///
/// Such a request never becomes one: no router and no renderer sees it, and without this its answer would be empty.
final class ParserErrorHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private var isAmidRequest = false
    private var hasEnded = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isAmidRequest = true
        case .body: break
        case .end: isAmidRequest = false
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // amid a request its handler is at work, and answers
        guard !hasEnded else { return }
        guard !isAmidRequest, let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        hasEnded = true
        switch error {
        case .headerOverflow:
            end(context, by: Problem(.headerTooLarge, "A header may have 16 KiB, all of them together 32 KiB."))
        default:
            end(context, by: Problem(.invalidParameter, "What was sent is not HTTP/1.1."))
        }
    }
}
