/// The kinds of entity whose changes the audit log records: the `related_model` of its entries.
public enum AuditEntity: String, Sendable, CaseIterable, Codable {
    case apiKey = "api_key"
    case bot
    case callLog = "call_log"
    case connection
    case invitation
    case notificationChannel = "notification_channel"
    case notificationPreferences = "notification_preferences"
    case notificationSettings = "notification_settings"
    case session
    case share
    case tenant
    case user
}
