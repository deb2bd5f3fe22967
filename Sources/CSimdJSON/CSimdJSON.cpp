// Nothing may throw into Swift: with exceptions off the library reports errors as values only.
#define SIMDJSON_EXCEPTIONS 0

#include "CSimdJSON.h"

#include <cstring>
#include <new>
#include <type_traits>

#include <simdjson.h>

namespace dom = simdjson::dom;

struct simdjson_parser {
    dom::parser parser;
    size_t maximum_depth;
};

// A position is the bytes of the library's own cursor (a document and an index), so that Swift can hold it by value.
template <typename Cursor>
static simdjson_position position_of(const Cursor &cursor) noexcept {
    static_assert(std::is_trivially_copyable<Cursor>::value, "a cursor is copied as bytes");
    static_assert(sizeof(Cursor) == sizeof(simdjson_position), "a cursor is a document and an index");
    simdjson_position position;
    std::memcpy(static_cast<void *>(&position), static_cast<const void *>(&cursor), sizeof position);
    return position;
}

template <typename Cursor>
static Cursor cursor_at(const simdjson_position &position) noexcept {
    static_assert(std::is_trivially_copyable<Cursor>::value, "a cursor is copied as bytes");
    static_assert(sizeof(Cursor) == sizeof(simdjson_position), "a cursor is a document and an index");
    Cursor cursor;
    std::memcpy(static_cast<void *>(&cursor), static_cast<const void *>(&position), sizeof position);
    return cursor;
}

static void read_value(const dom::element &element, simdjson_value &value) noexcept {
    value.boolean = false;
    value.length = 0;
    value.string = nullptr;
    value.integer = 0;
    value.number = 0;
    value.position = position_of(element);
    switch (element.type()) {
    case dom::element_type::STRING: {
        std::string_view text;
        (void)element.get_string().get(text);
        value.type = SIMDJSON_TYPE_STRING;
        value.string = reinterpret_cast<const uint8_t *>(text.data());
        value.length = text.size();
        break;
    }
    case dom::element_type::INT64:
        (void)element.get_int64().get(value.integer);
        value.number = static_cast<double>(value.integer);
        value.type = SIMDJSON_TYPE_INTEGER;
        break;
    case dom::element_type::UINT64: {
        uint64_t unsigned_value = 0;
        (void)element.get_uint64().get(unsigned_value);
        value.number = static_cast<double>(unsigned_value);
        value.type = SIMDJSON_TYPE_DOUBLE;
        break;
    }
    case dom::element_type::DOUBLE:
        (void)element.get_double().get(value.number);
        value.type = SIMDJSON_TYPE_DOUBLE;
        break;
    case dom::element_type::BOOL:
        (void)element.get_bool().get(value.boolean);
        value.type = SIMDJSON_TYPE_BOOLEAN;
        break;
    case dom::element_type::ARRAY:
        value.type = SIMDJSON_TYPE_ARRAY;
        break;
    case dom::element_type::OBJECT:
        value.type = SIMDJSON_TYPE_OBJECT;
        break;
    default:
        value.type = SIMDJSON_TYPE_NULL;
        break;
    }
}

static simdjson_result result_of(simdjson::error_code error) noexcept {
    switch (error) {
    case simdjson::SUCCESS: return SIMDJSON_RESULT_OK;
    case simdjson::DEPTH_ERROR: return SIMDJSON_RESULT_TOO_DEEP;
    case simdjson::UTF8_ERROR: return SIMDJSON_RESULT_INVALID_UTF8;
    case simdjson::STRING_ERROR: return SIMDJSON_RESULT_INVALID_STRING;
    case simdjson::UNESCAPED_CHARS: return SIMDJSON_RESULT_CONTROL_CHARACTER;
    case simdjson::NUMBER_ERROR: return SIMDJSON_RESULT_INVALID_NUMBER;
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY: return SIMDJSON_RESULT_NO_MEMORY;
    default: return SIMDJSON_RESULT_MALFORMED;
    }
}

extern "C" {

size_t simdjson_padding(void) { return simdjson::SIMDJSON_PADDING; }

simdjson_parser *simdjson_parser_create(size_t maximum_depth) {
    auto *parser = new (std::nothrow) simdjson_parser{dom::parser(), maximum_depth};
    if (parser != nullptr && parser->parser.allocate(4096, maximum_depth) != simdjson::SUCCESS) {
        delete parser;
        return nullptr;
    }
    return parser;
}

void simdjson_parser_free(simdjson_parser *parser) { delete parser; }

size_t simdjson_parser_capacity(const simdjson_parser *parser) { return parser->parser.capacity(); }

simdjson_result simdjson_parse(
    simdjson_parser *parser, const uint8_t *text, size_t length, bool is_padded, simdjson_value *root) {
    // The library grows by itself too, but each time to just the length asked for, and back to its own depth.
    if (parser->parser.capacity() < length) {
        const size_t capacity = length + length / 2;
        if (parser->parser.allocate(capacity, parser->maximum_depth) != simdjson::SUCCESS) {
            return SIMDJSON_RESULT_NO_MEMORY;
        }
    }
    dom::element element;
    const auto error = parser->parser.parse(text, length, !is_padded).get(element);
    if (error == simdjson::SUCCESS) {
        read_value(element, *root);
    }
    return result_of(error);
}

simdjson_iterator simdjson_iterate(const simdjson_value *container) {
    simdjson_iterator iterator{};
    const auto element = cursor_at<dom::element>(container->position);
    if (container->type == SIMDJSON_TYPE_OBJECT) {
        dom::object object;
        (void)element.get_object().get(object);
        iterator.current = position_of(object.begin());
        iterator.end = position_of(object.end());
        iterator.is_object = true;
    } else if (container->type == SIMDJSON_TYPE_ARRAY) {
        dom::array array;
        (void)element.get_array().get(array);
        iterator.current = position_of(array.begin());
        iterator.end = position_of(array.end());
    }
    return iterator;
}

size_t simdjson_next(simdjson_iterator *iterator, simdjson_member *members, size_t capacity) {
    size_t count = 0;
    if (iterator->is_object) {
        auto current = cursor_at<dom::object::iterator>(iterator->current);
        const auto end = cursor_at<dom::object::iterator>(iterator->end);
        for (; count < capacity && current != end; ++current, ++count) {
            const std::string_view key = current.key();
            members[count].key = reinterpret_cast<const uint8_t *>(key.data());
            members[count].key_length = key.size();
            read_value(current.value(), members[count].value);
        }
        iterator->current = position_of(current);
    } else if (iterator->current.document != nullptr) {
        auto current = cursor_at<dom::array::iterator>(iterator->current);
        const auto end = cursor_at<dom::array::iterator>(iterator->end);
        for (; count < capacity && current != end; ++current, ++count) {
            members[count].key = nullptr;
            members[count].key_length = 0;
            read_value(*current, members[count].value);
        }
        iterator->current = position_of(current);
    }
    return count;
}

}
