"""The table of known kinds of secrets.

All literals are searched for in one pass; the regular expression of a kind is tried only after one
of its literals. It is anchored there and its repetitions are bounded, so that the time is linear in
the length of the text, also for hostile text. Group 1 is the secret; without a group, the secret is
the literal and everything matched after it.
"""

import binascii
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple


def _is_login(secret: str) -> bool:
    """Whether this is the base64 of `user:password`."""
    try:
        decoded = binascii.a2b_base64(secret, strict_mode=True).decode()
    except ValueError:
        return False
    user, _, password = decoded.partition(":")
    return bool(user and password) and decoded.isprintable()


class Pattern(NamedTuple):
    name: str
    literals: tuple[str, ...]
    body: str
    """Regular expression of what follows the literal."""
    apart: bool = True
    """Whether the literal must begin a word and the secret must end one."""
    followed: tuple[str, ...] = ("",)
    """Possible beginnings of the body, included in the search if the literal is a common word."""
    program: str = ""
    """The program that the literal is an option of; it must come before it in the same command."""
    accepts: Callable[[str], bool] | None = None
    """A further condition for the secret."""


def _spellings(*words: str) -> tuple[str, ...]:
    """Each name in the spellings of code, headers and environment variables."""
    forms: dict[str, None] = {}
    for word in words:
        parts = word.split("_")
        for glue in ("_", "-", ""):
            lower = glue.join(parts)
            title = glue.join(part.title() for part in parts)
            first, rest = parts[0], title[len(parts[0]) :]
            mixed = (first + rest, first.upper() + rest)
            forms |= dict.fromkeys((lower, lower.upper(), title, *mixed))
    return tuple(forms)


_BASE64 = "[A-Za-z0-9+/]"
_TOKEN = "[A-Za-z0-9_-]"  # noqa: S105 - what tokens are made of
_QUOTE = r"\\{0,6}[\"']"
_SEPARATOR_STARTS = ("=", ":", '"', "'", "\\", "%3", " =", " :", "  ", "\t")
_ASSIGN = rf"(?:{_QUOTE})?\s{{0,4}}(?:=>|:=|[:=]|%3[adAD]|\\u003[adAD])\s{{0,4}}"
"""Between a key and its value: in code, JSON (escaped or not), YAML, an environment, an address."""
_PLACEHOLDER = (
    r"(?!(?:(?i:string|str|text|number|boolean|required|optional|password|passwd|secret|token|"
    r"example|redacted|undefined|null|none|true|false|hidden)\b|[*.xX•]+(?![A-Za-z0-9])))"
)
_QUOTED = rf"{_QUOTE}{_PLACEHOLDER}([^\s\"'\\$<{{(\[*][^\s\"'\\]{{5,}}+)(?={_QUOTE}|\Z)"
_QUOTED_MIXED = (
    rf"{_QUOTE}{_PLACEHOLDER}(?=[^\d\s\"'\\]{{0,80}}\d)(?!\d+[\"'\\])"
    rf"([^\s\"'\\$<{{(\[*][^\s\"'\\]{{7,}}+)(?={_QUOTE}|\Z)"
)
_MIXED = (
    r"(?=[A-Za-z+/_~!@#^*.-]{0,80}\d)(?=[\d.]{0,80}[A-Za-z])"
    r"((?:[A-Za-z0-9+/_~!@#^*-]|\.(?=[A-Za-z0-9])|%(?!3[bB]|26)|=(?=[=\s\"'\\]|$)){8,}+)(?![(\[])"
)
_YAML = (
    r"(?<=:)[ \t]{1,4}"
    + _PLACEHOLDER
    + r"(?!(?i:pass\w{0,8}|kennwort|contrase\w*|senha|wachtwoord)\b)"
    r"(?![A-Za-z]+[a-z][A-Z][A-Za-z]*\b|[A-Za-z_]+\.[A-Za-z_])"
    r"([^\s\"'\\,;(){}\[\]<>$&|`=!*?][^\s\"'\\,;(){}\[\]<>$&|`=]{3,}+)"
    r"(?=[ \t]{0,4}(?:[\r\n]|\Z|\\{1,4}[rn]|\\{0,4}[\"']|[ \t]#))"
)
"""A value after a colon, to the end of the line; no prose, no name of a variable or type."""
_PLAIN = r"(?<==)(?![./$~])" + _PLACEHOLDER + r"([^\s\"'\\$<>(){}\[\],;&|]{6,}+)(?![(\[])"
_SIGN = r"[^\s\"'\\$<>(){}\[\],;&|\x00-\x1f\x7f-\x9f]"
_BREAK = r"(?:\s|\\{1,4}[nrt]){1,40}"
_GAP = r"[\s\"',\\]{1,12}"
"""Between the words of a command: in a shell, quoted or not, or in a list of JSON."""
_OPTIONS = tuple(
    f"--{owner}{name}"
    for owner in ("", "db-", "user-", "admin-", "root-", "http-", "proxy-", "registry-")
    for name in ("password", "passwd", "passphrase", "pass")
)
_OPTION = (
    rf"(?:{_QUOTE})?{_PLACEHOLDER}(?!(?i:flag|options?|argument|arg|parameter|param|value|pass|to|is|and|"
    r"or|for|with|from|the|in|on|was|are|as|by|can|must|will|not|when|if|file|prompt)\b)"
    rf"(?![-/.~]|[A-Z_]+\b)({_SIGN}{{4,}}+)"
)
"""The value of an option; words of a sentence about the option are excluded."""
_ANY_VALUE = rf"(?:{_QUOTED}|{_MIXED})"


def _spaced(*options: str) -> tuple[str, ...]:
    """The options at the beginning of a word of a command."""
    return tuple(before + option for option in options for before in (" ", '"', "'"))


PATTERNS = (
    Pattern("openai-key", ("sk-proj-", "sk-svcacct-", "sk-admin-"), rf"{_TOKEN}{{20,}}"),
    Pattern("openai-key", ("sk-",), r"[A-Za-z0-9]{32,}"),
    Pattern("anthropic-key", ("sk-ant-",), rf"{_TOKEN}{{20,}}"),
    Pattern("openrouter-key", ("sk-or-v1-",), r"[0-9a-f]{32,}"),
    Pattern("groq-key", ("gsk_",), r"[A-Za-z0-9]{40,}"),
    Pattern("xai-key", ("xai-",), r"[A-Za-z0-9]{60,}"),
    Pattern("perplexity-key", ("pplx-",), r"[A-Za-z0-9]{40,}"),
    Pattern("replicate-token", ("r8_",), r"[A-Za-z0-9]{36,}"),
    Pattern("huggingface-token", ("hf_", "api_org_"), r"[A-Za-z0-9]{30,}"),
    Pattern("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{36,}"),
    Pattern("github-token", ("github_pat_",), r"[A-Za-z0-9_]{36,}"),
    Pattern(
        "gitlab-token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-", "glft-", "glagent-"),
        rf"{_TOKEN}{{20,}}(?:\.[a-z0-9.]{{2,40}})?",
    ),
    Pattern(
        "slack-token",
        ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxe.", "xoxe-", "xapp-"),
        r"[A-Za-z0-9.%-]{10,}",
    ),
    Pattern("slack-webhook", ("hooks.slack.com/",), r"(?:services|workflows)/([\w/-]{20,})"),
    Pattern("discord-webhook", ("/api/webhooks/",), rf"(\d{{10,24}}/{_TOKEN}{{40,}})", False),
    Pattern("telegram-token", (":AA",), r"[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])", False),
    Pattern("aws-key-id", ("AKIA", "ASIA", "ABIA", "ACCA"), r"[A-Z2-7]{16}"),
    Pattern("google-key", ("AIza",), rf"{_TOKEN}{{35}}(?!{_TOKEN})"),
    Pattern("google-token", ("ya29.", "GOCSPX-"), rf"{_TOKEN}{{20,}}"),
    Pattern(
        "azure-key", ("AccountKey=", "SharedAccessKey="), rf"({_BASE64}{{40,}}={{0,2}})", False
    ),
    Pattern("azure-sas", ("sig=",), r"((?:[A-Za-z0-9+/]|%2[bBfF]){40,}(?:=|%3[dD]){1,2})", False),
    Pattern("azure-secret", ("7Q~", "8Q~"), r"[A-Za-z0-9_~.-]{31,}", False),
    Pattern("stripe-key", ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), r"[A-Za-z0-9]{16,}"),
    Pattern("stripe-webhook-secret", ("whsec_",), r"[A-Za-z0-9+/=]{24,}"),
    Pattern("square-token", ("sq0atp-", "sq0csp-"), rf"{_TOKEN}{{22,}}"),
    Pattern("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"[0-9a-fA-F]{32,}"),
    Pattern("twilio-key", ("SK",), r"[0-9a-f]{32}"),
    Pattern("sendgrid-key", ("SG.",), rf"{_TOKEN}{{16,64}}\.{_TOKEN}{{16,}}"),
    Pattern("mailgun-key", ("key-",), r"[0-9a-f]{32}"),
    Pattern("npm-token", ("npm_",), r"[A-Za-z0-9]{36,}"),
    Pattern("pypi-token", ("pypi-AgE",), rf"{_TOKEN}{{50,}}"),
    Pattern("rubygems-key", ("rubygems_",), r"[0-9a-f]{48,}"),
    Pattern("docker-token", ("dckr_pat_", "dckr_oat_"), rf"{_TOKEN}{{20,}}"),
    Pattern("digitalocean-token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"[0-9a-f]{40,}"),
    Pattern(
        "databricks-token",
        tuple(f"dapi{digit}" for digit in "0123456789abcdef"),
        r"[0-9a-f]{31}(?:-\d)?",
    ),
    Pattern("grafana-token", ("glsa_", "glc_"), r"[A-Za-z0-9+/=_]{32,}"),
    Pattern("new-relic-key", ("NRAK-", "NRJS-", "NRII-"), rf"{_TOKEN}{{19,}}"),
    Pattern("sentry-token", ("sntrys_", "sntryu_"), r"[A-Za-z0-9+/=_]{40,}"),
    Pattern("linear-key", ("lin_api_", "lin_oauth_"), r"[A-Za-z0-9]{32,}"),
    Pattern("notion-token", ("ntn_",), r"[A-Za-z0-9]{40,}"),
    Pattern("figma-token", ("figd_",), rf"{_TOKEN}{{36,}}"),
    Pattern("postman-key", ("PMAK-",), r"[0-9a-f]{24}-[0-9a-f]{34}"),
    Pattern("atlassian-token", ("ATATT3", "ATCTT3"), r"[A-Za-z0-9_=-]{40,}"),
    Pattern("terraform-token", (".atlasv1.",), r"([A-Za-z0-9=_-]{40,})", False),
    Pattern("vault-token", ("hvs.", "hvb.", "hvr."), rf"{_TOKEN}{{24,}}"),
    Pattern("doppler-token", ("dp.pt.", "dp.st.", "dp.ct."), r"[A-Za-z0-9._-]{40,}"),
    Pattern("supabase-key", ("sbp_", "sb_secret_"), rf"{_TOKEN}{{30,}}"),
    Pattern("planetscale-token", ("pscale_tkn_", "pscale_pw_", "pscale_oauth_"), r"[\w.=-]{32,}"),
    Pattern("tailscale-key", ("tskey-",), r"[a-z]{2,12}-[A-Za-z0-9-]{16,}"),
    Pattern("tailboard-key", ("tailboard_",), rf"[0-9a-f]{{12}}_{_TOKEN}{{43}}"),
    Pattern("age-key", ("AGE-SECRET-KEY-1",), r"[A-Z0-9]{50,}"),
    Pattern(
        "json-web-token",
        ("eyJ",),
        rf"(?<![_-]eyJ){_TOKEN}{{8,}}+(?:\Z|\.(?:\Z|{_TOKEN}{{8,}}+(?:\.{_TOKEN}{{0,}}+)?))",
    ),
    Pattern(
        "private-key",
        ("-----BEGIN ",),
        r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:(?:(?!-----END ).){0,16384}+)"
        r"(?:-----END [A-Z0-9 ]{0,40}-----)?",
        False,
    ),
    Pattern("private-key", ("LS0tLS1CRUdJTi",), r"[A-Za-z0-9+/=]{40,}"),
    Pattern(
        "url-password", ("://",), r"[^\s/:@\"'<>\\]{0,100}:(?![$<{])([^\s/@\"'<>\\]{3,200})@", False
    ),
    Pattern(
        "bearer-token",
        ("Bearer ", "bearer ", "BEARER "),
        r"(?=[^\d\s]{0,80}\d)([A-Za-z0-9._~+/-]{16,}+={0,2})",
    ),
    Pattern(
        "authorization-header",
        ("uthorization", "UTHORIZATION"),
        rf"(?:{_QUOTE})?\s{{0,4}}[:=,]\s{{0,4}}(?:{_QUOTE})?"
        r"(?:(?:[Bb]asic|[Tt]oken|[Dd]igest|[Aa]pi[Kk]ey|[Bb]earer)\s{1,4}([^\s\"'\\$<{]{8,})"
        r"|(?=[^\d\s\"'\\]{0,80}\d)([A-Za-z0-9+/_.=-]{20,}+))",
        False,
    ),
    Pattern(
        "basic-login", ("Basic ", "basic "), rf"(?=[^\s]{{0,80}}[\d=])({_BASE64}{{12,}}+={{0,2}})"
    ),
    Pattern(
        "cookie",
        ("ookie: ", "OOKIE: "),
        r"([^\s;=:\"'\\]{1,100}=[^\s;\"'\\]{8,}(?:; ?[^\s;\"'\\]{1,400}){0,40})",
        False,
    ),
    Pattern(
        "password",
        _spellings("password", "passwd", "passphrase"),
        rf"{_ASSIGN}(?:{_QUOTED}|{_MIXED}|{_PLAIN}|{_YAML})",
        False,
        _SEPARATOR_STARTS,
    ),
    Pattern(
        "password",
        _spellings("db_pass", "user_pass", "admin_pass", "smtp_pass", "mail_pass", "mysql_pass"),
        rf"{_ASSIGN}(?:{_QUOTED}|{_MIXED}|{_PLAIN})",
        False,
        _SEPARATOR_STARTS,
    ),
    Pattern(
        "password",
        ("_PASS=", "_PASSWD="),
        rf"(?:{_QUOTE})?{_PLACEHOLDER}(?!\d+(?:\s|\Z))({_SIGN}{{4,}}+)(?![(\[])",
        False,
    ),
    Pattern("password", ("Pwd", "MYSQL_PWD"), r"=([^\s\"'\\$<>;&/.][^\s\"'\\$<>;&]{3,})", False),
    Pattern(
        "password",
        ("pwd=",),
        rf"(?:{_QUOTE})?{_PLACEHOLDER}(?:(?<=[?&;]pwd=)|(?![/.~]|[A-Za-z_]+[),.(\[]|[A-Za-z]:))({_SIGN}{{4,}}+)(?![(\[])",
        False,
    ),
    Pattern("password", tuple(f"{name} " for name in _OPTIONS), _OPTION, False),
    Pattern(
        "password",
        _spaced("-u", "--user", "-U", "--proxy-user"),
        rf"(?:{_GAP}|=)?(?:{_QUOTE})?[^\s:\"'\\]{{1,100}}:(?![$<{{])([^\s\"'\\]{{1,200}}+)",
        False,
        program="curl",
    ),
    Pattern(
        "password",
        ("sshpass",),
        rf"{_GAP}-p(?:{_GAP})?(?![$<{{])(?:(?<=[\"'])([^\"'\\\n]{{1,200}}+)|([^\s\"'\\]{{1,200}}+))",
    ),
    Pattern(
        "password",
        ("machine ", "default "),
        rf"(?:[^\s\"'\\]{{1,253}}{_BREAK})?(?:(?:login|account){_BREAK}[^\s\"'\\]{{1,200}}{_BREAK}){{0,2}}"
        rf"password{_BREAK}([^\s\"'\\]{{1,200}}+)",
    ),
    Pattern(
        "basic-login",
        ('"auth"', '"auth\\', "_auth=", "_auth ="),
        rf"[\\\\\"]{{0,6}}\s{{0,4}}:?\s{{0,4}}(?:{_QUOTE})?({_BASE64}{{8,}}+={{0,2}})",
        False,
        accepts=_is_login,
    ),
    Pattern(
        "private-key",
        ("client-key-data", "clientKeyData", "client_key_data"),
        rf"{_ASSIGN}(?:{_QUOTE})?({_BASE64}{{16,}}+={{0,2}})",
        False,
    ),
    Pattern(
        "secret-value",
        _spellings(
            "secret",
            "secret_key",
            "secret_key_base",
            "api_key",
            "access_key",
            "private_key",
            "signing_key",
            "encryption_key",
            "credentials",
        ),
        rf"{_ASSIGN}{_ANY_VALUE}",
        False,
        _SEPARATOR_STARTS,
    ),
    Pattern(
        "token-value",
        _spellings("token", "session_key"),
        rf"{_ASSIGN}(?:{_QUOTED_MIXED}|{_MIXED})",
        False,
        _SEPARATOR_STARTS,
    ),
)
"""The order has no meaning: of two literals at one position the longer one is used."""

NAMES = tuple(sorted({pattern.name for pattern in PATTERNS}))


@cache  # Compiled on first use: compiling all takes longer than starting most commands.
def compiled(body: str, *, apart: bool) -> re.Pattern[str]:
    return re.compile(body + ("(?![A-Za-z0-9])" if apart else ""))
