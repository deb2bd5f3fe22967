int ct_stub_simdjson;
