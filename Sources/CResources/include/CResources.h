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

#endif
