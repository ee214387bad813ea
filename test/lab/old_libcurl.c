/* In the place of libcurl: one that is too old, which says so, and does nothing else. */
#define STUB(name)                                                                                 \
	void name(void)                                                                            \
	{                                                                                          \
	}

STUB(curl_easy_cleanup)
STUB(curl_easy_getinfo)
STUB(curl_easy_init)
STUB(curl_easy_setopt)
STUB(curl_easy_strerror)
STUB(curl_global_cleanup)
STUB(curl_global_init)
STUB(curl_multi_add_handle)
STUB(curl_multi_cleanup)
STUB(curl_multi_info_read)
STUB(curl_multi_init)
STUB(curl_multi_perform)
STUB(curl_multi_poll)
STUB(curl_multi_remove_handle)
STUB(curl_slist_append)
STUB(curl_slist_free_all)

/* The head of curl_version_info_data, as all versions have it. */
static const struct {
	int age;
	const char *version;
	unsigned version_num;
} old = {0, "7.84.0", 0x075400};

const void *
curl_version_info(int age)
{
	(void)age;
	return &old;
}
