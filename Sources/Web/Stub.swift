import Hummingbird
import Crypto
let router = Router()
