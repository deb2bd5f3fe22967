#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reusable JSON parser. Not thread-safe: one thread at a time.
typedef struct simdjson_parser simdjson_parser;

/// How parsing ended.
typedef enum simdjson_result : int32_t {
    SIMDJSON_RESULT_OK = 0,
    /// Not JSON.
    SIMDJSON_RESULT_MALFORMED = 1,
    /// Nested deeper than the parser was made for.
    SIMDJSON_RESULT_TOO_DEEP = 2,
    /// Not UTF-8.
    SIMDJSON_RESULT_INVALID_UTF8 = 3,
    /// A string with a bad escape, such as a surrogate without its partner.
    SIMDJSON_RESULT_INVALID_STRING = 4,
    /// A string with a raw control character.
    SIMDJSON_RESULT_CONTROL_CHARACTER = 5,
    /// A number that is malformed or fits neither 64 bits nor a double.
    SIMDJSON_RESULT_INVALID_NUMBER = 6,
    /// No memory, or more bytes than the library takes.
    SIMDJSON_RESULT_NO_MEMORY = 7
} simdjson_result;

/// The JSON type of a value.
typedef enum simdjson_type : int32_t {
    SIMDJSON_TYPE_NULL = 0,
    SIMDJSON_TYPE_BOOLEAN = 1,
    SIMDJSON_TYPE_INTEGER = 2,
    /// A number with a fraction or exponent, or an integer beyond a signed 64-bit one.
    SIMDJSON_TYPE_DOUBLE = 3,
    SIMDJSON_TYPE_STRING = 4,
    SIMDJSON_TYPE_ARRAY = 5,
    SIMDJSON_TYPE_OBJECT = 6
} simdjson_type;

/// A position in the parsed document.
typedef struct simdjson_position {
    const void *_Nullable document;
    size_t index;
} simdjson_position;

/// A value. Its pointers are valid until the parser parses again or is freed.
typedef struct simdjson_value {
    simdjson_type type;
    bool boolean;
    /// Bytes of `string`.
    size_t length;
    /// Unescaped UTF-8, not terminated; may hold NUL, and encoded lone low surrogates.
    const uint8_t *_Nullable string;
    int64_t integer;
    double number;
    /// Where the value stands: to iterate an array or object.
    simdjson_position position;
} simdjson_value;

/// A member of an object, or an element of an array (which has no key).
typedef struct simdjson_member {
    const uint8_t *_Nullable key;
    size_t key_length;
    simdjson_value value;
} simdjson_member;

/// The state of an iteration over an array or object.
typedef struct simdjson_iterator {
    simdjson_position current;
    simdjson_position end;
    bool is_object;
} simdjson_iterator;

/// Bytes that must be readable after the JSON text.
size_t simdjson_padding(void);

/// Makes a parser, or null without memory.
simdjson_parser *_Nullable simdjson_parser_create(size_t maximum_depth);
void simdjson_parser_free(simdjson_parser *_Nullable parser);
/// The length of the longest text for which the parser holds memory.
size_t simdjson_parser_capacity(const simdjson_parser *_Nonnull parser);

/// Parses a text. `is_padded` says that `simdjson_padding()` bytes after it may be read; else it is copied.
simdjson_result simdjson_parse(
    simdjson_parser *_Nonnull parser, const uint8_t *_Nonnull text, size_t length, bool is_padded,
    simdjson_value *_Nonnull root);

/// Starts an iteration over an array or object; any other value has no members.
simdjson_iterator simdjson_iterate(const simdjson_value *_Nonnull container);
/// Takes the next members, at most `capacity`; 0 at the end.
size_t simdjson_next(simdjson_iterator *_Nonnull iterator, simdjson_member *_Nonnull members, size_t capacity);

#ifdef __cplusplus
}
#endif
