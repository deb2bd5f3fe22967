#include "CResources.h"

// The compiler reads the files itself: as array literals in Swift they would take it most of a minute.

static const unsigned char openapi_json[] = {
#embed "../Web/OpenAPI/openapi.json"
};

static const unsigned char console_tokens[] = {
#embed "../Console/Assets/styles/tokens.css"
};

// One stylesheet of several files. The order counts: what stands later wins, and the phone's rules win over all.
static const unsigned char console_css[] = {
#embed "../Console/Assets/styles/tokens.css" suffix(, )
#embed "../Console/Assets/styles/frame.css" suffix(, )
#embed "../Console/Assets/styles/components.css" suffix(, )
#embed "../Console/Assets/styles/logs.css" suffix(, )
#embed "../Console/Assets/styles/pages.css" suffix(, )
#embed "../Console/Assets/styles/phone.css"
};

static const unsigned char console_js[] = {
#embed "../Console/Assets/console.js"
};

static const unsigned char favicon_svg[] = {
#embed "../Console/Assets/favicon.svg"
};

calltrail_resource calltrail_openapi_json(void) {
    return (calltrail_resource){openapi_json, sizeof openapi_json};
}

calltrail_resource calltrail_console_tokens(void) {
    return (calltrail_resource){console_tokens, sizeof console_tokens};
}

calltrail_resource calltrail_console_css(void) {
    return (calltrail_resource){console_css, sizeof console_css};
}

calltrail_resource calltrail_console_js(void) {
    return (calltrail_resource){console_js, sizeof console_js};
}

calltrail_resource calltrail_favicon_svg(void) {
    return (calltrail_resource){favicon_svg, sizeof favicon_svg};
}
