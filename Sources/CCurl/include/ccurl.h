#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>

// Swift cannot call a variadic C function, and curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic:
// one function here for each kind of value.

typedef size_t (*ccurl_data_function)(char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*ccurl_open_socket_function)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*ccurl_before_request_function)(
    void *context, char *primary_address, char *local_address, int primary_port, int local_port);
typedef int (*ccurl_close_socket_function)(void *context, curl_socket_t descriptor);
typedef int (*ccurl_progress_function)(
    void *context, curl_off_t to_download, curl_off_t downloaded, curl_off_t to_upload, curl_off_t uploaded);
typedef int (*ccurl_debug_function)(CURL *easy, curl_infotype kind, char *bytes, size_t size, void *context);

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode ccurl_set_data_function(CURL *easy, CURLoption option, ccurl_data_function value);
CURLcode ccurl_set_open_socket_function(CURL *easy, ccurl_open_socket_function value);
CURLcode ccurl_set_before_request_function(CURL *easy, ccurl_before_request_function value);
CURLcode ccurl_set_close_socket_function(CURL *easy, ccurl_close_socket_function value);
CURLcode ccurl_set_progress_function(CURL *easy, ccurl_progress_function value);
CURLcode ccurl_set_debug_function(CURL *easy, ccurl_debug_function value);

CURLcode ccurl_get_long(CURL *easy, CURLINFO information, long *value);
// Negative when the transfer's connection is closed.
curl_socket_t ccurl_active_socket(CURL *easy);
CURLcode ccurl_get_pointer(CURL *easy, CURLINFO information, void **value);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

#endif
