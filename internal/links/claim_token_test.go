package links

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/fault"
)

const (
	testEmbedKey    = "EMB_2ZqYxW8vUtSrQpOn"
	testEmbedSecret = "ESK_mLkJiHgFeDcBa9876543210ZyXwVuTsRq"
)

func secretOf(issuer string) (string, error) {
	if issuer != testEmbedKey {
		return "", fault.Errorf(fault.ClaimUnknownIssuer, "not known")
	}
	return testEmbedSecret, nil
}

// claim is a token with this payload under the test credential.
func claim(payload string) string { return handMade(plainHeader, payload, testEmbedSecret) }

func claims(iat, exp, aud, jti string) string {
	return fmt.Sprintf(`{"iss":%q,"iat":%s,"exp":%s,"aud":%s,"jti":%s}`, testEmbedKey, iat, exp, aud, jti)
}

// TestClaimTokensOfThePublishedSamples has the claim sets that the five published samples make, each with what is odd in it.
func TestClaimTokensOfThePublishedSamples(t *testing.T) {
	t.Parallel()
	for language, c := range map[string]struct {
		header, payload, id string
	}{
		"Ruby": {`{"alg":"HS256"}`, claims("1795219199", "1795233600", `"public_link"`, `"0b6c1e1c-5c1e-4a52-a7a3-5d3c9a4c9c55"`), "0b6c1e1c-5c1e-4a52-a7a3-5d3c9a4c9c55"},
		"PHP":  {`{"typ":"JWT","alg":"HS256"}`, claims("1795219199", "1795233600", `"public_link"`, `"65a1b2c3d4e5f"`), "65a1b2c3d4e5f"},
		"Node": {`{"alg":"HS256","typ":"JWT"}`, claims("1795219199.937", "1795233599.937", `"public_link"`, `"4f1d2c3b-0000-4000-8000-000000000000"`), "4f1d2c3b-0000-4000-8000-000000000000"},
		"C#": {`{"alg":"HS256","typ":"JWT"}`, `{"iat":1795219199,"jti":"7c9e6679-7425-40de-944b-e07fc1f90ae7","exp":1795233600,"iss":"` +
			testEmbedKey + `","aud":"public_link"}`, "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
		"Java":           {`{"alg":"HS256","typ":"JWT"}`, `{"iss":"` + testEmbedKey + `","iat":1795219200,"exp":1795233600,"aud":"public_link","jti":"a1"}`, "a1"},
		"a list for aud": {plainHeader, claims("1795219200", "1795233600", `["public_link"]`, `"x"`), "x"},
		"a clock ahead":  {plainHeader, claims("1795219260", "1795233660", `"public_link"`, `"x"`), "x"},
		"14401 seconds":  {plainHeader, claims("1795219200", "1795233601", `"public_link"`, `"x"`), "x"},
	} {
		got, err := ReadClaimToken(handMade(c.header, c.payload, testEmbedSecret), testNow, secretOf)
		if err != nil || got.Issuer != testEmbedKey || got.ID != c.id || got.ExpiresAt.Before(testNow) {
			t.Errorf("%s: %+v, %v", language, got, err)
		}
	}
}

func TestClaimTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	good := claims("1795219200", "1795233600", `"public_link"`, `"x"`)
	head := func(header string) string { return handMade(header, good, testEmbedSecret) }
	at := func(iat, exp string) string { return claim(claims(iat, exp, `"public_link"`, `"x"`)) }
	for name, c := range map[string]struct {
		token string
		code  fault.Code
	}{
		"nothing":                {"", fault.ClaimMalformed},
		"words":                  {"hello", fault.ClaimMalformed},
		"two parts":              {strings.Join(strings.Split(claim(good), ".")[:2], "."), fault.ClaimMalformed},
		"four parts":             {claim(good) + ".x", fault.ClaimMalformed},
		"no JSON":                {claim("hello"), fault.ClaimMalformed},
		"a list":                 {claim(`[1]`), fault.ClaimMalformed},
		"null":                   {claim(`null`), fault.ClaimMalformed},
		"a name twice":           {claim(strings.Replace(good, "{", `{"jti":"y",`, 1)), fault.ClaimMalformed},
		"a line break":           {claim(good) + "\n", fault.ClaimMalformed},
		"too long":               {claim(strings.Replace(good, "{", `{"more":"`+strings.Repeat("x", 4000)+`",`, 1)), fault.ClaimMalformed},
		"crit":                   {head(`{"alg":"HS256","crit":["exp"]}`), fault.ClaimMalformed},
		"no algorithm":           {head(`{}`), fault.ClaimAlgorithm},
		"none":                   {strings.TrimRight(head(`{"alg":"none"}`), "."), fault.ClaimAlgorithm},
		"RS256":                  {head(`{"alg":"RS256"}`), fault.ClaimAlgorithm},
		"HS512":                  {head(`{"alg":"HS512"}`), fault.ClaimAlgorithm},
		"hs256":                  {head(`{"alg":"hs256"}`), fault.ClaimAlgorithm},
		"another issuer":         {claim(strings.Replace(good, testEmbedKey, "EMB_x", 1)), fault.ClaimUnknownIssuer},
		"no issuer":              {claim(`{"aud":"public_link"}`), fault.ClaimUnknownIssuer},
		"another secret":         {handMade(plainHeader, good, testEmbedSecret+"x"), fault.ClaimInvalidSignature},
		"the public key":         {handMade(plainHeader, good, testEmbedKey), fault.ClaimInvalidSignature},
		"no signature":           {claim(good)[:strings.LastIndex(claim(good), ".")+1], fault.ClaimInvalidSignature},
		"no audience":            {claim(strings.Replace(good, `"aud":"public_link",`, "", 1)), fault.ClaimWrongAudience},
		"the scheduler's":        {claim(claims("1795219200", "1795233600", `"scheduler_embed"`, `"x"`)), fault.ClaimWrongAudience},
		"an empty list":          {claim(claims("1795219200", "1795233600", `[]`, `"x"`)), fault.ClaimWrongAudience},
		"an object for aud":      {claim(claims("1795219200", "1795233600", `{}`, `"x"`)), fault.ClaimWrongAudience},
		"no iat":                 {claim(strings.Replace(good, `"iat":1795219200,`, "", 1)), fault.ClaimIssuedInFuture},
		"iat as text":            {at(`"1795219200"`, "1795233600"), fault.ClaimIssuedInFuture},
		"iat in the future":      {at("1795219261", "1795233600"), fault.ClaimIssuedInFuture},
		"no exp":                 {claim(strings.Replace(good, `"exp":1795233600,`, "", 1)), fault.TokenExpired},
		"exp as text":            {at("1795219200", `"1795233600"`), fault.TokenExpired},
		"exp past":               {at("1795215600", "1795219199"), fault.TokenExpired},
		"exp now":                {at("1795215600", "1795219200"), fault.TokenExpired},
		"exp without end":        {at("1795219200", "1e300"), fault.TokenExpired},
		"five hours":             {at("1795219200", "1795237200"), fault.ClaimLifetimeTooLong},
		"a minute and more over": {at("1795219200", "1795233661"), fault.ClaimLifetimeTooLong},
		"no jti":                 {claim(strings.Replace(good, `,"jti":"x"`, "", 1)), fault.ClaimMissingID},
		"empty jti":              {claim(claims("1795219200", "1795233600", `"public_link"`, `""`)), fault.ClaimMissingID},
		"jti as number":          {claim(claims("1795219200", "1795233600", `"public_link"`, `7`)), fault.ClaimMissingID},
		"jti with a NUL":         {claim(claims("1795219200", "1795233600", `"public_link"`, `"a\u0000b"`)), fault.ClaimMissingID},
		"jti of a NUL":           {claim(claims("1795219200", "1795233600", `"public_link"`, `"\u0000"`)), fault.ClaimMissingID},
		"endless jti":            {claim(claims("1795219200", "1795233600", `"public_link"`, `"`+strings.Repeat("x", 256)+`"`)), fault.ClaimMissingID},
	} {
		got, err := ReadClaimToken(c.token, testNow, secretOf)
		if fault.CodeOf(err) != c.code || got != (ClaimToken{}) {
			t.Errorf("%s: %q, %v", name, fault.CodeOf(err), err)
		}
	}
}

// TestClaimTokensCannotBeBent changes one character of a good token.
func TestClaimTokensCannotBeBent(t *testing.T) {
	t.Parallel()
	good := claim(claims("1795219200", "1795233600", `"public_link"`, `"x"`))
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		bent := good[:at] + string(rapid.SampledFrom([]rune("abcXYZ019-_.")).Draw(t, "rune")) + good[at+1:]
		if _, err := ReadClaimToken(bent, testNow, secretOf); err == nil && bent != good {
			t.Errorf("accepted %s", bent)
		}
	})
}

func FuzzReadClaimToken(f *testing.F) {
	f.Add(claim(claims("1795219200", "1795233600", `"public_link"`, `"x"`)))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "..")
	f.Fuzz(func(t *testing.T, token string) {
		got, err := ReadClaimToken(token, testNow, secretOf)
		if err == nil && (got.ID == "" || !got.ExpiresAt.After(testNow) || got.ExpiresAt.Sub(testNow) > claimLife+2*time.Minute) {
			t.Errorf("%+v of %s", got, token)
		}
		if err != nil && !json.Valid([]byte(fmt.Sprintf("%q", fault.CodeOf(err)))) {
			t.Error("no code")
		}
	})
}
