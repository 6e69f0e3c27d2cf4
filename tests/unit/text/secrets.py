"""Fake secrets of every kind, assembled at run time.

`SECRETS` has for each kind a text, and the part of it that must be masked.
"""

from ingest.text.secret_patterns import NAMES

A = "a1B2c3D4e5F6g7H8i9J0"
A36 = (A + A)[:36]
A48 = (A * 3)[:48]
HEX = "0123456789abcdef"
HEX32 = HEX * 2
UPPER = "ABCDEFGHIJKLMNOP"

SECRETS: dict[str, list[tuple[str, str]]] = {}


def _has(kind: str, text: str, secret: str | None = None) -> None:
    SECRETS.setdefault(kind, []).append((text, secret or text))


def _key(kind: str, *parts: str) -> None:
    _has(kind, "".join(parts))


_key("openai-key", "sk", "-proj-", A48)
_key("openai-key", "sk", "-", A48)
_key("anthropic-key", "sk", "-ant-", "api03-", A48)
_key("openrouter-key", "sk", "-or-v1-", HEX32 * 2)
_key("groq-key", "gs", "k_", A48)
_key("xai-key", "xa", "i-", A48, A)
_key("perplexity-key", "ppl", "x-", A48)
_key("replicate-token", "r", "8_", A36, "a")
_key("huggingface-token", "h", "f_", A36)
for _kind in "pousr":
    _key("github-token", "gh", _kind, "_", A36)
_key("github-token", "github", "_pat_", A36, "_", A)
_key("gitlab-token", "glp", "at-", A)
_key("slack-token", "xo", "xb-", "12345678901-", A)
_key("slack-token", "xa", "pp-", "1-", A)
_has("slack-webhook", "https://hooks.slack.com/" + "services/T0/B0/" + A, "T0/B0/" + A)
_has("discord-webhook", "https://d.example/api/webhooks/" + "1" * 18 + "/" + A48, A48)
_has("telegram-token", "12345678" + ":AA" + A36[:33], A36[:33])
_key("aws-key-id", "AK", "IA", UPPER)
_key("google-key", "AI", "za", A36[:35])
_key("google-token", "ya", "29.", A36)
_key("google-token", "GOC", "SPX-", A36)
_has("azure-key", "Account" + "Key=" + A48 + A36 + "==;Endpoint", A48)
_has("azure-sas", "https://b.example/c?sv=1&" + "sig=" + A48 + "%3D&se=2", A48)
_key("azure-secret", "abc", "8Q~", A36)
_key("stripe-key", "sk", "_live_", A48)
_key("stripe-webhook-secret", "wh", "sec_", A36)
_key("square-token", "sq0", "atp-", A36)
_key("shopify-token", "shp", "at_", HEX32)
_key("twilio-key", "S", "K", HEX32)
_key("sendgrid-key", "S", "G.", A, ".", A48)
_key("mailgun-key", "ke", "y-", HEX32)
_key("npm-token", "np", "m_", A36)
_key("pypi-token", "py", "pi-AgE", A48, A)
_key("rubygems-key", "ruby", "gems_", HEX * 3)
_key("docker-token", "dckr", "_pat_", A36)
_key("digitalocean-token", "do", "p_v1_", HEX32 * 2)
_key("databricks-token", "da", "pi", HEX32)
_key("grafana-token", "gl", "sa_", A36)
_key("new-relic-key", "NR", "AK-", A)
_key("sentry-token", "snt", "rys_", A48)
_key("linear-key", "lin", "_api_", A36)
_key("notion-token", "nt", "n_", A48)
_key("figma-token", "fi", "gd_", A36)
_key("postman-key", "PM", "AK-", HEX32[:24], "-", (HEX * 3)[:34])
_key("atlassian-token", "ATA", "TT3", A48)
_has("terraform-token", "abcdefghijklmn" + ".atlas" + "v1." + A48, A48)
_key("vault-token", "hv", "s.", A36)
_key("doppler-token", "dp", ".pt.", A48)
_key("supabase-key", "sb", "p_", A48)
_key("tailboard-key", "tail", "board_", HEX32[:12], "_", A48[:43])
_key("planetscale-token", "psc", "ale_tkn_", A48)
_key("tailscale-key", "ts", "key-auth-", A36)
_key("age-key", "AGE-SEC", "RET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2)
_key("json-web-token", "ey", "JhbGciOiJIUzI1NiJ9.", "ey", "JzdWIiOiIxMjM0In0.", A36)
_has(
    "private-key",
    "-----BEGIN RSA PRIV" + f"ATE KEY-----\n{A48}\n{A48}\n-----END RSA PRIV" + "ATE KEY-----",
    A48,
)
_has("private-key", "-----BEGIN PRIV" + f"ATE KEY-----\\n{A48}\\n{A48}", A48)
_has("private-key", "LS0tLS1CRUd" + "JTi" + A48, A48)
_has("url-password", "postgres://me:" + "pw-4you!" + "@db.example/x", "pw-4you!")
_has("bearer-token", "-H 'X: Bear" + f"er {A36}'", A36)
_has(
    "authorization-header", "Author" + "ization: Basic bWU6b3BlbnNlc2FtZQ==", "bWU6b3BlbnNlc2FtZQ=="
)
_has("authorization-header", '"author' + f'ization": "{A36}"', A36)
_has("basic-login", "'Bas" + "ic bWU6b3BlbnNlc2FtZTI='", "bWU6b3BlbnNlc2FtZTI=")
_has("cookie", "Cook" + f"ie: sid={A36}; theme=dark", A36)
for _text in (
    "DB_PASSWORD={}",
    "password: '{}'",
    '{{"password": "{}"}}',
    '{{\\"password\\": \\"{}\\"}}',
    "https://h.example/?passwd={}&x=1",
    "?passwd%3D{}",
    "PGPASSWORD={} psql",
    "Passphrase = {}",
):
    _has("password", _text.format("hunt" + "er22x"), "hunt" + "er22x")
_has("password", "DB_PASSWORD=correct" + "horse", "correct" + "horse")
_has("password", "Server=a;Pwd=s3" + "same;Uid=me", "s3" + "same")
for _text in (
    "DB_PASS={}",
    "SMTP_PASS='{}'",
    'dbPass: "{}"',
    "https://meet.example/j/1?pwd={}",
    "mysql://h/db?user=me&pwd={};",
    "tool login --password {} --verbose",
    "tool --db-password '{}'",
    "password: {}\n",
    "  admin_password: {}  # of the test machine",
    "db:\n  password: {}\n  port: 1",
    "curl -u me:{} https://api.example/",
    "curl -sS -X POST --user 'me:{}' https://api.example/",
    "curl \\\n  -ume:{} https://api.example/",
    '["curl", "-u", "me:{}", "https://api.example/"]',
    "curl --proxy-user=me:{} https://api.example/",
    "sshpass -p {} ssh me@host",
    "sshpass -p'{}' ssh me@host",
    '["sshpass", "-p", "{}", "ssh", "me@host"]',
    "machine api.example login me password {}",
    "machine api.example\n  login me\n  password {}\n",
    "machine api.example\\n  login me\\n  password {}\\n",
    "default login me password {}",
):
    for _password in ("hunt" + "er22x", "swor" + "dfish"):
        _has("password", _text.format(_password), _password)
_has(
    "password", "sshpass -p 'correct horse " + "battery' ssh me@host", "correct horse " + "battery"
)
for _text in (
    '{{"auths": {{"registry.example": {{"auth": "{}"}}}}}}',
    '{{\\"auth\\": \\"{}\\"}}',
    "//registry.example/:_auth={}",
):
    for _login in ("bWU6b3BlbnNlc2FtZQ==", "dXNlcjpwYXNz"):
        _has("basic-login", _text.format(_login), _login)
for _text in ("client-key-data: {}", '"client-key-data": "{}"', "clientKeyData: '{}'"):
    _has("private-key", _text.format(A48), A48)
for _text in (
    "AWS_SECRET_ACCESS_KEY={}",
    'client_secret = "{}"',
    "api-key: {}",
    "X-API-Key: {}",
    '{{"apiKey":"{}"}}',
    "secretAccessKey: '{}',",
    "?api_key={}&page=2",
):
    _has("secret-value", _text.format(A36), A36)
for _text in ("access_token={}", "TOKEN={}", '"refreshToken": "{}"', "token: '{}'", "--token={}"):
    _has("token-value", _text.format(A36), A36)

MISSING = set(NAMES) - set(SECRETS)

INNOCENT = [
    "max_tokens=4096 total_tokens: 123456789",
    "Original token count: 42",
    '"token": "string", "password": "password"',
    "password = os.environ['PASSWORD']",
    "PASSWORD=$DB_PASSWORD PASSWORD=${DB_PASSWORD} PASSWORD=<your password>",
    "secret = get_secret(name1)",
    "token = tokens[i1234567]",
    "the secret: be kind; the token, a word",
    "Basic authentication, a Bearer of good news",
    "class='sk-loading-indicator-container-wrapper'",
    "sk-short AKIA1234 ghp_short hf_model glpat-x npm_install xoxb-1",
    "https://example.com:8080/path?x=1 git@github.com:me/repo.git ssh://git@host/x",
    "12:30:45 http://localhost:3000/@me",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "550e8400-e29b-41d4-a716-446655440000",
    "call_a1B2c3D4e5F6g7H8i9J0a1B2 resp_0123456789abcdef0123456789abcdef",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "TASKS=12 ASK0123456789abcdef0123456789abcdef DESK",
    "eyJhbGciOiJIUzI1NiJ9 alone",
    "Cookie: none; cookies: 3",
    "PWD=/home/me/project OLDPWD=/tmp",
    "<privateer> private: yes #private </private>",
    "api_key: null, api_key=None, apiKey: undefined, secret: ********",
    "[secret: github-token] [private]",
    # Options, users and names that are no passwords.
    "docker run -u 1000:1000 image; sudo -u me:staff ls; git push -u origin main:main",
    "curl https://api.example/ | sort -u a:b && git push -u origin topic:topic1",
    "curl -u $USER:$TOKEN https://api.example/ ; curl -u me https://api.example/",
    "sshpass -e ssh me@host, sshpass is not installed; sshpass -p $PW ssh me@host",
    "the --password option, --password <value>, --password=$PW, use --password to log in",
    "usage: tool [--password PASSWORD] [--db-password FILE]",
    "machine learning, a machine with a password manager, default login page",
    '"auth": "required", "auth": "APIKeyHeader", "auth": "bearer1234567", _auth=disabled1',
    "tests: 12 passed; FIRST_PASS=1 BUILD_PASS=true second_pass=inline_functions1",
    "pwd=$(pwd) pwd=/home/me pwd=os.getcwd() pwd=process.cwd() pwd=password",
    "password: string\npassword: str\npassword: String!\npassword: hashedPassword\n",
    "password: req.body.password\npassword: z.string().min(8)\npassword: await hash(x)\n",
    "password: Passwort\npassword: Password\npassword: required\npassword: null\n",
    "Password: the one of the test machine\npassword: |\npassword: !vault\npassword: *shared\n",
    "password: SecretStr\npassword: ${DB_PASSWORD}\npassword: {{ password }}\n",
    "proxy_pass http://backend; proxy_pass   http://backend:8080;",
    "client-key-data: REDACTED client-key-data: <none>",
    "a\u200bb \x1b[31mred\x1b[0m \U0001f469\u200d\U0001f4bb \\u200b \x1b]8;;https://x.example\x07x\x1b]8;;\x07",
]
"""Texts that resemble a secret but are none."""
