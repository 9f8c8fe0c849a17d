"""The browser that the console's tests use."""

import pytest


@pytest.mark.browser
def test_the_browser_speaks_chinese_in_shanghai(page):
    """Pages are seen as a Chinese operator sees them, whatever the machine's own settings."""
    page.set_content("<p>保证金</p>")
    assert page.text_content("p") == "保证金"
    assert page.evaluate("navigator.language") == "zh-CN"
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Shanghai"
