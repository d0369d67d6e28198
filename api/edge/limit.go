package edge

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/tenant"
)

// Sign-ins per minute of one e-mail address, with passwords that were not good lately: from one place, and from anywhere.
const (
	signInsPerMinute = 10
	accountPerMinute = 20
)

// Limits bound how often one caller may ask. Each API process counts for itself.
type Limits struct {
	server, Widget, BadKeys *limit.Limiter
	known                   *limit.RecentlyGood
	SignIns                 *limit.Limiter // of one account from one address
	Accounts                *limit.Limiter // of one account from anywhere
	Slugs                   *limit.Limiter // look-ups of hosted projects, from one address
}

// NewLimits takes requests per minute: of a server key, of a widget key from one address, and with unknown keys from
// one address, which may come all at once: a script with an old key is no guesser. 0 turns a limit off.
func NewLimits(server, widget, badKeys int) Limits {
	return Limits{
		server:   limit.New(server, limit.Burst(server), time.Now),
		Widget:   limit.New(widget, limit.Burst(widget), time.Now),
		BadKeys:  limit.New(badKeys, badKeys, time.Now),
		known:    limit.NewRecentlyGood(time.Now),
		SignIns:  limit.New(signInsPerMinute, signInsPerMinute, time.Now),
		Accounts: limit.New(accountPerMinute, accountPerMinute, time.Now),
		Slugs:    limit.New(widget, limit.Burst(widget), time.Now),
	}
}

// rateLimit counts a request against its key. A widget's key is the same for all visitors of a site, so each visitor's
// address counts for itself.
func (s *Edge) rateLimit(k *Call) error {
	limiter, caller := s.Limits.server, k.KeyID.String()
	if k.Kind == tenant.WidgetKey {
		limiter, caller = s.Limits.Widget, caller+" "+k.Address()
	}
	v := limiter.Allow(caller)
	if v.PerMinute > 0 {
		k.Header("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=60`, v.PerMinute))
		k.Header("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, v.Remaining, int(v.Full.Seconds())))
		k.Header("X-RateLimit-Limit", strconv.Itoa(v.PerMinute))
		k.Header("X-RateLimit-Remaining", strconv.Itoa(v.Remaining))
	}
	return k.TooMany(v)
}

// LimitFailures keeps keys from being guessed: an address that has sent many unknown ones must wait, and the next is not even
// looked at. A key that was good within the hour passes all the same: the guesser may share its owner's address.
func (s *Edge) LimitFailures(k *Call, key string, identify func() error) error {
	address, id := k.Address(), string(apps.KeyHash(key))
	if v := s.Limits.BadKeys.Peek(address); !v.OK && !s.Limits.known.Has(id) {
		return k.TooMany(v)
	}
	err := identify()
	switch fault.CodeOf(err) {
	case "":
		s.Limits.known.Note(id)
	case fault.Unauthorized:
		s.Limits.BadKeys.Allow(address)
	default:
	}
	return err
}

// limitFailuresOfSlow is LimitFailures for what takes long to find out: the call is counted before, and given back when it was good. So
// it is not only those that come one after another that are bounded. What the limiters count is named beside them.
func (s *Edge) limitFailuresOfSlow(k *Call, key string, count map[*limit.Limiter]string, identify func() error) error {
	id := string(apps.KeyHash(key))
	if s.Limits.known.Has(id) {
		return identify()
	}
	taken := map[*limit.Limiter]string{}
	giveBack := func() {
		for limiter, caller := range taken {
			limiter.Return(caller)
		}
	}
	for limiter, caller := range count {
		if v := limiter.Allow(caller); !v.OK {
			giveBack()
			return k.TooMany(v)
		}
		taken[limiter] = caller
	}
	err := identify()
	switch fault.CodeOf(err) {
	case fault.Unauthorized:
	case "":
		s.Limits.known.Note(id)
		giveBack()
	default:
		giveBack()
	}
	return err
}

// LimitPasswordGuesses bounds how many passwords are tried: from one address, of one account from one address, and of one account. A
// password that was good within the hour passes. check returns Unauthorized when the password is wrong.
func (s *Edge) LimitPasswordGuesses(k *Call, email, password string, check func() error) error {
	account := strings.ToLower(email)
	return s.limitFailuresOfSlow(k, account+"\x00"+password, map[*limit.Limiter]string{
		s.Limits.BadKeys: k.Address(), s.Limits.SignIns: account + " " + k.Address(), s.Limits.Accounts: account,
	}, check)
}

// TooMany returns TooManyRequests, with Retry-After set, when a limiter has refused; nil otherwise.
func (k *Call) TooMany(v limit.Decision) error {
	if v.OK {
		return nil
	}
	k.Header("Retry-After", strconv.Itoa(int(v.Retry.Seconds())))
	return fault.Errorf(fault.TooManyRequests, "Too many requests. Try again in %d s.", int(v.Retry.Seconds()))
}

// Address is where the caller is. Of IPv6 it is the network: a house has one, with more addresses than could be counted.
func (k *Call) Address() string {
	ip, err := netip.ParseAddr(k.ClientIP())
	if err != nil || ip.Unmap().Is4() {
		return ip.Unmap().String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}
