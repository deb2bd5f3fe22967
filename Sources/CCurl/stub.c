int ct_stub_curl;
