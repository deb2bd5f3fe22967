/// The languages in which end users write.
enum DemoLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case french = "fr"
    case spanish = "es"
    case swedish = "sv"
    case japanese = "ja"

    var givenNames: [String] {
        switch self {
        case .english:
            ["Olivia", "Noah", "Amelia", "Ethan", "Grace", "Liam", "Priya", "Aidan", "Zoe", "Marcus", "Hana"]
        case .german: ["Lena", "Jonas", "Käthe", "Jürgen", "Mia", "Björn", "Sabine", "Emre", "Anke", "Götz", "Paula"]
        case .french: ["Chloé", "Théo", "Inès", "Hugo", "Zoé", "Léa", "Rémi", "Aïcha", "Noël", "Élodie", "Marc"]
        case .spanish: ["Lucía", "Mateo", "Sofía", "Iván", "Valeria", "Andrés", "Inés", "Joaquín", "Marta", "Raúl"]
        case .swedish: ["Åsa", "Elsa", "Nils", "Freja", "Östen", "Märta", "Oskar", "Alva", "Viggo", "Saga"]
        case .japanese: ["陽菜", "蓮", "さくら", "湊", "結衣", "大翔", "美咲", "悠真", "凛", "樹"]
        }
    }

    var familyNames: [String] {
        switch self {
        case .english:
            ["Ashworth", "Bennett", "O'Dell", "Carver", "Dunmore", "Ellery", "Fairchild", "Haverly", "Patel"]
        case .german: ["Ackermann", "Brüggemann", "Müllner", "Weißhaupt", "Schäfers", "Özkaya", "Lindhorst", "Voß"]
        case .french: ["Lefèvre", "Garnier", "Dubosc", "Moreau-Petit", "Bénard", "Chauvin", "D'Aubigny", "Traoré"]
        case .spanish: ["Ibáñez", "Peñalver", "Quiroga", "Del Río", "Muñoz", "Cárdenas", "Zúñiga", "Ferrer"]
        case .swedish: ["Ångström", "Sjöholm", "Bergqvist", "Nyström", "Ekdahl", "Hägg", "Lundvall", "Rönn"]
        case .japanese: ["佐倉", "高瀬", "宮下", "藤堂", "水野", "黒木", "桜井", "長谷"]
        }
    }

    var cities: [String] {
        switch self {
        case .english: ["Leeds", "Portland", "Perth", "Bristol", "Albany", "Cork", "Dunedin"]
        case .german: ["Köln", "Leipzig", "Münster", "Graz", "Zürich", "Bremen", "Görlitz"]
        case .french: ["Lyon", "Nîmes", "Genève", "Québec", "Besançon", "Liège", "Orléans"]
        case .spanish: ["Málaga", "Córdoba", "Bogotá", "León", "Mérida", "Cádiz", "Oviedo"]
        case .swedish: ["Malmö", "Umeå", "Örebro", "Växjö", "Gävle", "Luleå", "Uppsala"]
        case .japanese: ["札幌", "京都", "福岡", "仙台", "金沢", "長崎", "横浜"]
        }
    }

    /// What people write, in parts between which something of the call is put.
    var sentences: [DemoSentence] {
        switch self {
        case .english: DemoSentence.english
        case .german: DemoSentence.german
        case .french: DemoSentence.french
        case .spanish: DemoSentence.spanish
        case .swedish: DemoSentence.swedish
        case .japanese: DemoSentence.japanese
        }
    }
}

/// A sentence with a gap.
struct DemoSentence: Sendable {
    /// What fills the gap.
    enum Gap: Sendable {
        case order, product, city, amount, date, nothing
    }

    var before: String
    var gap: Gap
    var after: String

    init(_ before: String, _ gap: Gap = .nothing, _ after: String = "") {
        self.before = before
        self.gap = gap
        self.after = after
    }
}
