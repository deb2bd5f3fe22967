import Domain
import Testing

@Suite struct PermissionTests {
    @Test func agentsSeeNoLogs() {
        #expect(Role.agent.permissions.isDisjoint(with: [.callLogsRead, .callLogsExport, .callLogsWrite, .botsManage]))
        #expect(Role.botBuilder.permissions.isSuperset(of: [.callLogsRead, .callLogsExport, .botsManage]))
    }

    @Test func writingIsForKeysOfItsScope() {
        for role in Role.allCases { #expect(!Permission.callLogsWrite.isGranted(to: role)) }
        for scope in Scope.allCases {
            #expect(Permission.callLogsWrite.isGranted(to: scope) == (scope == .callLogsWrite))
            #expect(Permission.callLogsRead.isGranted(to: scope) == (scope == .callLogsRead))
        }
    }

    @Test(arguments: [
        ("business", "unified", true), ("enterprise", "unified", true), ("free", "unified", false),
        ("business", "classic", false), ("free", "classic", false),
    ])
    func callLogsNeedPlanAndModule(plan: String, module: String, suffices: Bool) {
        let tenant = Tenant(
            id: TenantID(rawValue: 1), name: "T", plan: Plan(rawValue: plan), module: Module(rawValue: module))
        #expect((tenant.missingForCallLogs == nil) == suffices)
    }

    @Test func storedNumbersAreUnique() {
        #expect(Set(Application.allCases.map(\.code)).count == Application.allCases.count)
        #expect(Set(CallMethod.allCases.map(\.code)).count == CallMethod.allCases.count)
        for application in Application.allCases { #expect(Application(code: application.code) == application) }
    }
}
