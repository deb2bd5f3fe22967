import Domain
import Testing

@testable import Providers

/// How errors of each application read: the samples are what its reference shows.
@Suite struct ErrorReadingTests {
    struct Sample: Sendable {
        let status: Int
        let body: String
        let code: String?
        let sentence: String?
        var isRateLimit = false
    }

    static func samples(_ application: Application) -> [Sample] {
        switch application {
        case .googleCalendar, .googleSheets: google
        case .salesforce: salesforce
        case .twilio: twilio
        case .zendesk:
            [
                Sample(
                    status: 401, body: #"{"error":"invalid_token","error_description":"The access token is expired"}"#,
                    code: "invalid_token", sentence: "The access token is expired"),
                Sample(
                    status: 404, body: #"{"error":"RecordNotFound","description":"Not found"}"#,
                    code: "RecordNotFound", sentence: "Not found"),
                Sample(
                    status: 401, body: #"{"error":"Couldn't authenticate you"}"#, code: "Couldn't authenticate you",
                    sentence: nil),
                Sample(
                    status: 403, body: #"{"error":{"title":"Forbidden","message":"You do not have access"}}"#,
                    code: "Forbidden", sentence: "You do not have access"),
                Sample(
                    status: 200, body: #"{"user":{"id":null,"name":"Anonymous user"}}"#, code: nil,
                    sentence: "nobody is signed in"),
            ]
        case .freshdesk:
            [
                Sample(
                    status: 401, body: #"{"code":"invalid_credentials","message":"You have to be logged in"}"#,
                    code: "invalid_credentials", sentence: "You have to be logged in"),
                Sample(
                    status: 400,
                    body:
                        #"{"description":"Validation failed","errors":[{"field":"email","message":"bad","code":"x"}]}"#,
                    code: "x", sentence: "Validation failed: email: bad"),
            ]
        case .clickatell:
            [
                Sample(
                    status: 401, body: #"{"errorCode":"108","errorDescription":"Invalid or missing API key"}"#,
                    code: "108", sentence: "Invalid or missing API key"),
                Sample(
                    status: 202,
                    body:
                        #"{"messages":[{"accepted":false,"error":{"code":105,"description":"Invalid destination"}}]}"#,
                    code: "105", sentence: "Invalid destination"),
                Sample(
                    status: 400, body: #"{"error":{"code":"001","description":"Authentication failed"}}"#,
                    code: "001", sentence: "Authentication failed"),
            ]
        case .floatchat, .jsonAPI, .apiTrigger, .c2e:
            [
                Sample(
                    status: 200, body: #"{"ok":false,"error":"invalid_auth"}"#, code: "invalid_auth", sentence: nil),
                Sample(
                    status: 200, body: #"{"success":false,"errors":[{"code":7,"message":"no"}]}"#, code: "7",
                    sentence: "no"),
                Sample(
                    status: 401, body: #"{"message":"Unauthorized"}"#, code: nil, sentence: "Unauthorized"),
            ]
        }
    }

    static let google = [
        Sample(
            status: 400,
            body: #"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            code: "invalid_grant", sentence: "Token has been expired or revoked."),
        Sample(
            status: 401,
            body: #"{"error":{"code":401,"message":"Invalid credentials","status":"UNAUTHENTICATED"}}"#,
            code: "UNAUTHENTICATED", sentence: "Invalid credentials"),
        Sample(
            status: 403,
            body: """
                {"error":{"code":403,"message":"Rate Limit Exceeded",
                "errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded"}]}}
                """, code: "403", sentence: "Rate Limit Exceeded", isRateLimit: true),
        Sample(
            status: 403,
            body: #"{"error":{"code":403,"message":"no","status":"X","details":[{"reason":"RATE_LIMIT_EXCEEDED"}]}}"#,
            code: "X", sentence: "no", isRateLimit: true),
    ]

    static let salesforce = [
        Sample(
            status: 401, body: #"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
            code: "INVALID_SESSION_ID", sentence: "Session expired or invalid"),
        Sample(
            status: 403, body: #"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
            code: "REQUEST_LIMIT_EXCEEDED", sentence: "TotalRequests Limit exceeded.", isRateLimit: true),
        Sample(
            status: 400,
            body: #"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#,
            code: "invalid_grant", sentence: "expired access/refresh token"),
        Sample(
            status: 200,
            body: #"{"compositeResponse":[{"httpStatusCode":400,"body":[{"errorCode":"BAD","message":"no"}]}]}"#,
            code: "BAD", sentence: "no"),
        Sample(
            status: 201, body: #"{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"no"}]}"#,
            code: "REQUIRED_FIELD_MISSING", sentence: "no"),
    ]

    static let twilio = [
        Sample(
            status: 401,
            body: #"{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/20003","status":401}"#,
            code: "20003", sentence: "Authenticate"),
        Sample(
            status: 200, body: #"{"sid":"SM1","error_code":30003,"error_message":"Unreachable"}"#, code: "30003",
            sentence: "Unreachable"),
        Sample(
            status: 429, body: #"{"code":20429,"message":"Too Many Requests"}"#, code: "20429",
            sentence: "Too Many Requests", isRateLimit: true),
        Sample(
            status: 200, body: #"{"sid":"AC1","friendly_name":"Main","status":"suspended"}"#, code: "suspended",
            sentence: "the account is suspended"),
    ]

    @Test(arguments: Application.allCases) func samplesAreRead(_ application: Application) throws {
        for sample in Self.samples(application) {
            let answer = ProviderAnswer(status: sample.status, body: Array(sample.body.utf8))
            let reading = try #require(ProviderCatalogue()[application].reading(of: answer), "\(sample.body)")
            #expect(reading.code == sample.code, "\(sample.body)")
            #expect(reading.sentence == sample.sentence, "\(sample.body)")
            #expect(reading.isRateLimit == sample.isRateLimit, "\(sample.body)")
        }
    }

    @Test(arguments: Application.allCases) func goodAnswersAreNoErrors(_ application: Application) {
        for body in [
            #"{"sub":"1","email":"a@example.com"}"#, #"{"user":{"id":1,"email":"a@example.com"}}"#,
            #"{"sid":"AC1","friendly_name":"Main","status":"active","error_code":null}"#,
            #"{"id":3,"contact":{"email":"a@example.com"}}"#, #"{"balance":1.5,"currency":"ZAR"}"#, "{}", "[]", "3",
            #"{"ok":true,"error":null,"message":"hello","code":0}"#, #"{"messages":[{"accepted":true,"error":null}]}"#,
            #"[{"id":"001","success":true}]"#, "null", "",
        ] {
            let answer = ProviderAnswer(status: 200, body: Array(body.utf8))
            #expect(ProviderCatalogue()[application].reading(of: answer) == nil, "\(body)")
        }
    }

    @Test func nothingIsReadOfNonsense() {
        let bodies = ["<html>", "{", #"{"error":{}}"#, #"{"error":""}"#, String(repeating: "[", count: 100_000)]
        for body in bodies {
            let answer = ProviderAnswer(status: 500, body: Array(body.utf8))
            #expect(ProviderCatalogue()[.zendesk].reading(of: answer) == nil)
        }
    }

    @Test func wordsTellNoSecrets() {
        var target = ProviderTarget.authorised(accessToken: "access-12345", refreshToken: "refresh/12345")
        target.secrets.credentials = ["client_secret": "hush hush"]
        let words = ProviderWords(target, secrets: ["the-code"])
        #expect(
            words.own("a access-12345 b refresh/12345 c refresh%2F12345 d hush hush e the-code.")
                == "a … b … c … d … e …")
        #expect(words.own("key AKIAABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 here") == "key … here")
        #expect(
            words.own("REQUIRED_FIELD_MISSING_IN_SOME_VERY_LONG_CONSTANT")
                == "REQUIRED_FIELD_MISSING_IN_SOME_VERY_LONG_CONSTANT")
        #expect(words.own("a\r\nb\u{0}c\u{202E}d\u{2028}e\t f.") == "a b c d e f")
        #expect(words.own(String(repeating: "word ", count: 1_000)).count == 200)
        #expect(words.quoted(ErrorReading(code: nil, sentence: nil)) == "")
        #expect(words.quoted(ErrorReading(code: "x", sentence: "x")) == " (x)")
    }
}
