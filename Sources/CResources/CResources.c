#include "CResources.h"

// The compiler reads the files itself: as array literals in Swift they would take it most of a minute.

static const unsigned char openapi_json[] = {
#embed "../Web/OpenAPI/openapi.json"
};

calltrail_resource calltrail_openapi_json(void) {
    return (calltrail_resource){openapi_json, sizeof openapi_json};
}
