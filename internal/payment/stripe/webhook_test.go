package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment/provider"
)

var now = time.Unix(1795219200, 0)

func digest(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strconv.FormatInt(at.Unix(), 10) + "." + body))
	return hex.EncodeToString(mac.Sum(nil))
}

const sessionEvent = `{"id":"evt_1","object":"event","type":"checkout.session.completed","livemode":false,"api_version":"2019-02-11","data":{"object":
	{"id":"cs_1","object":"checkout.session","client_reference_id":"0198a000-0000-7000-8000-000000000001","payment_intent":"pi_1"}}}`

// TestSignatures is the truth about who is believed.
func TestSignatures(t *testing.T) {
	t.Parallel()
	const good, rolled = "whsec_new", "whsec_old"
	stamp := func(at time.Time) string { return "t=" + strconv.FormatInt(at.Unix(), 10) }
	signed := func(secret string, at time.Time) string { return stamp(at) + ",v1=" + digest(secret, at, sessionEvent) }
	for name, c := range map[string]struct {
		header string
		body   string
		ok     bool
	}{
		"good":                  {signed(good, now), sessionEvent, true},
		"rolled secret":         {signed(rolled, now), sessionEvent, true},
		"two signatures":        {stamp(now) + ",v1=" + strings.Repeat("00", 32) + ",v1=" + digest(good, now, sessionEvent) + ",v0=abc", sessionEvent, true},
		"a blank":               {stamp(now) + ", v1=" + digest(good, now, sessionEvent), sessionEvent, true},
		"300 s old":             {signed(good, now.Add(-300*time.Second)), sessionEvent, true},
		"301 s old":             {signed(good, now.Add(-301*time.Second)), sessionEvent, false},
		"300 s ahead":           {signed(good, now.Add(300*time.Second)), sessionEvent, true},
		"301 s ahead":           {signed(good, now.Add(301*time.Second)), sessionEvent, false},
		"a day ahead":           {signed(good, now.Add(24*time.Hour)), sessionEvent, false},
		"other secret":          {signed("whsec_other", now), sessionEvent, false},
		"empty secret":          {signed("", now), sessionEvent, false},
		"other body":            {signed(good, now), sessionEvent + " ", false},
		"other time":            {stamp(now.Add(time.Second)) + ",v1=" + digest(good, now, sessionEvent), sessionEvent, false},
		"only v0":               {stamp(now) + ",v0=" + digest(good, now, sessionEvent), sessionEvent, false},
		"no time":               {"v1=" + digest(good, now, sessionEvent), sessionEvent, false},
		"two times":             {stamp(now) + "," + signed(good, now), sessionEvent, false},
		"a signed time":         {"t=+" + strings.TrimPrefix(signed(good, now), "t="), sessionEvent, false},
		"cut short":             {stamp(now) + ",v1=" + digest(good, now, sessionEvent)[:62], sessionEvent, false},
		"upper case":            {stamp(now) + ",v1=" + strings.ToUpper(digest(good, now, sessionEvent)), sessionEvent, true},
		"nothing":               {"", sessionEvent, false},
		"behind 16 others":      {stamp(now) + strings.Repeat(",v1=00", 16) + ",v1=" + digest(good, now, sessionEvent), sessionEvent, false},
		"a time of many digits": {"t=99999999999999999999,v1=" + digest(good, now, sessionEvent), sessionEvent, false},
	} {
		p := New(Config{SecretKey: testKey, WebhookSecrets: []string{good, rolled}}, NewClient(), URL)
		notices, err := p.Verify(http.Header{"Stripe-Signature": {c.header}}, []byte(c.body), now)
		if c.ok != (err == nil) || c.ok != (len(notices) == 1) || !c.ok && provider.CodeOf(err) != provider.Forged {
			t.Errorf("%s: %v, %v", name, notices, err)
		}
	}
	p := New(Config{SecretKey: testKey, WebhookSecrets: []string{good}}, NewClient(), URL)
	if _, err := p.Verify(http.Header{"Stripe-Signature": {signed(good, now), signed(good, now)}}, []byte(sessionEvent), now); provider.CodeOf(err) != provider.Forged {
		t.Errorf("two headers: %v", err)
	}
	if _, err := New(Config{SecretKey: testKey}, NewClient(), URL).Verify(http.Header{"Stripe-Signature": {signed("", now)}}, []byte(sessionEvent), now); provider.CodeOf(err) != provider.Forged {
		t.Errorf("without a secret: %v", err)
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	const meta = `"metadata":{"holdfast_payment_id":"0198a000-0000-7000-8000-000000000001"}`
	event := func(kind, object, more string) string {
		return `{"id":"evt_1","type":"` + kind + `","livemode":false` + more + `,"data":{"object":{` + object + `}}}`
	}
	of := func(kind string, id uuid.UUID, ref string) []provider.Notice {
		return []provider.Notice{{EventID: "evt_1", Type: kind, PaymentID: id, Ref: ref}}
	}
	direct := Config{Account: "acct_1"}
	for name, c := range map[string]struct {
		config Config
		body   string
		want   []provider.Notice
		code   provider.Code
	}{
		"session":        {Config{}, sessionEvent, of("checkout.session.completed", paymentID, "cs_1"), ""},
		"intent":         {Config{}, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, ""), of("payment_intent.succeeded", paymentID, "pi_1"), ""},
		"refund":         {Config{}, event("refund.failed", `"id":"re_1","object":"refund","payment_intent":"pi_1",`+meta, ""), of("refund.failed", paymentID, "pi_1"), ""},
		"refund by hand": {Config{}, event("refund.created", `"id":"re_1","object":"refund","payment_intent":"pi_1","metadata":{}`, ""), of("refund.created", uuid.Nil, "pi_1"), ""},
		"dispute":        {Config{}, event("charge.dispute.created", `"id":"dp_1","object":"dispute","payment_intent":"pi_1","charge":"ch_1"`, ""), of("charge.dispute.created", uuid.Nil, "pi_1"), ""},
		"expanded":       {Config{}, event("charge.dispute.created", `"id":"dp_1","object":"dispute","payment_intent":{"id":"pi_1"}`, ""), of("charge.dispute.created", uuid.Nil, "pi_1"), ""},
		"foreign id":     {Config{}, event("checkout.session.expired", `"id":"cs_2","object":"checkout.session","client_reference_id":"cart 7"`, ""), of("checkout.session.expired", uuid.Nil, "cs_2"), ""},
		"unknown type":   {Config{}, event("customer.created", `"id":"cus_1","object":"customer",`+meta, ""), of("customer.created", uuid.Nil, ""), ""},
		"a path":         {Config{}, event("refund.failed", `"id":"re_1","object":"refund","payment_intent":"pi_1/../x"`, ""), of("refund.failed", uuid.Nil, ""), ""},
		"own account":    {direct, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, `,"account":"acct_1"`), of("payment_intent.succeeded", paymentID, "pi_1"), ""},
		"other account":  {direct, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, `,"account":"acct_2"`), nil, ""},
		"platform's":     {direct, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, ""), nil, ""},
		"a connected one's": {
			Config{}, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, `,"account":"acct_1"`), nil, "",
		},
		"destination is the platform's": {
			Config{Account: "acct_1", Charges: Destination}, event("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent",`+meta, ""),
			of("payment_intent.succeeded", paymentID, "pi_1"), "",
		},
		"other mode": {Config{SecretKey: "sk_live_x"}, sessionEvent, nil, ""},
		"no JSON":    {Config{}, `{`, nil, provider.Malformed},
		"no id":      {Config{}, `{"type":"x"}`, nil, provider.Malformed},
		"no type":    {Config{}, `{"id":"evt_1"}`, nil, provider.Malformed},
		"a list":     {Config{}, `[]`, nil, provider.Malformed},
	} {
		c.config.WebhookSecrets = []string{"whsec_a"}
		if c.config.SecretKey == "" {
			c.config.SecretKey = testKey
		}
		header := http.Header{"Stripe-Signature": {"t=" + strconv.FormatInt(now.Unix(), 10) + ",v1=" + digest("whsec_a", now, c.body)}}
		got, err := New(c.config, NewClient(), URL).Verify(header, []byte(c.body), now)
		if provider.CodeOf(err) != c.code || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

// FuzzVerify: nothing that is sent in makes it panic, or passes without a signature.
func FuzzVerify(f *testing.F) {
	f.Add("t=1,v1=00", []byte(sessionEvent))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		p := New(Config{SecretKey: testKey, WebhookSecrets: []string{"whsec_a"}}, NewClient(), URL)
		if _, err := p.Verify(http.Header{"Stripe-Signature": {header}}, body, now); provider.CodeOf(err) != provider.Forged {
			t.Errorf("%q: %v", header, err)
		}
		good := http.Header{"Stripe-Signature": {"t=" + strconv.FormatInt(now.Unix(), 10) + ",v1=" + digest("whsec_a", now, string(body))}}
		_, _ = p.Verify(good, body, now)
	})
}
