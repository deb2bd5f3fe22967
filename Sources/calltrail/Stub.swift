import ArgumentParser
@main struct Calltrail: AsyncParsableCommand { func run() async throws {} }
