import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Mail
import NIOCore
import Store

/// What the links in mails open: the image that tells that a mail was opened, and switching notifications off.
struct NotificationLinkPages: Sendable {
    let signer: LinkSigner
    let notifications: NotificationStore
    let settings: NotificationSettingStore
    let shares: ShareStore
    let clock: DatabaseClock
    let logger: Logger

    var endpoints: [Endpoint] {
        [
            .open(.get, "/n/{token}/opened.gif", opened),
            .open(.get, "/n/{token}/unsubscribe", ask),
            .open(.post, "/n/{token}/unsubscribe", records: .updated(.notificationPreferences), unsubscribe),
        ]
    }

    /// Always an image, whatever the token is: a mail is no place for an error.
    private func opened(_ request: IncomingRequest) async throws -> Response {
        if let (tenant, id) = signer.verify(token(request), purpose: .opened) {
            do { try await notifications.noteOpened(id, tenant: tenant) } catch {
                logger.debug("an opened mail was not noted", metadata: ["error": "\(error)"])
            }
        }
        if let (tenant, id) = signer.verify(token(request), purpose: .shareMailOpened),
            SharePage.isLookedAt(request.request)
        {
            do {
                try await shares.noteMailOpened(
                    recipient: id, tenant: tenant, address: request.address, requestID: request.context.requestID,
                    now: clock.now)
            } catch {
                request.context.logger.warning("an opened share mail was not noted", metadata: ["error": "\(error)"])
            }
        }
        return Response(
            status: .ok, headers: [.contentType: "image/gif", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: Self.pixel)))
    }

    /// Asks first: programs that look at links must not switch anything off.
    private func ask(_ request: IncomingRequest) async throws -> Response {
        guard signer.verify(token(request), purpose: .unsubscribe) != nil else { return gone }
        return PlainPage.response(
            "Stop these mails?",
            [
                Paragraph("You will no longer be told by mail of this kind of event in this tenant."),
                Form(action: nil, fields: [], buttons: [Button("Stop these mails")]),
            ])
    }

    /// One click (RFC 8058), by the mail program or by the page.
    private func unsubscribe(_ request: IncomingRequest) async throws -> Response {
        guard let (tenant, id) = signer.verify(token(request), purpose: .unsubscribe),
            let (event, recipient) = try await settings.unsubscribe(notification: id, tenant: tenant)
        else { return gone }
        let what =
            switch event {
            case .firstError: "of bots' first errors"
            case .reauthorise: "of connections"
            case .test: "of tests"
            }
        return PlainPage.response(
            "Done",
            [
                Paragraph("\(recipient) is no longer told \(what)."),
                TextLink("Your notification preferences switch it on again.", path: Section.notifications.path),
            ])
    }

    private var gone: Response {
        PlainPage.response(
            "This link does not work", status: .notFound,
            [
                Paragraph("It is not complete, or the mail is too old. Your notification preferences do the same."),
                TextLink("Your notification preferences", path: Section.notifications.path),
            ])
    }

    private func token(_ request: IncomingRequest) -> String { request.context.parameters.get("token") ?? "" }

    /// A transparent GIF of one pixel.
    private static let pixel: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF,
        0xFF,
        0x21, 0xF9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00,
        0x02,
        0x02, 0x44, 0x01, 0x00, 0x3B,
    ]
}
