#ifndef CALLTRAIL_RESOURCES_H
#define CALLTRAIL_RESOURCES_H

#include <stddef.h>

/// A file that is part of the program. Its bytes are constant and live as long as the program.
typedef struct {
    const unsigned char *_Nonnull bytes;
    size_t count;
} calltrail_resource;

/// The published form of the API.
calltrail_resource calltrail_openapi_json(void);

/// The colours and measures of the console, for pages that load no file.
calltrail_resource calltrail_console_tokens(void);

/// How the console looks.
calltrail_resource calltrail_console_css(void);

/// What the console can do beyond links and forms.
calltrail_resource calltrail_console_js(void);

/// The console's icon.
calltrail_resource calltrail_favicon_svg(void);

#endif
