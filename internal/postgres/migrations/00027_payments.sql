-- +goose Up
-- Payments: what a booking costs, the accounts at providers that take the money, payments, refunds, and which webhook requests of providers
-- were seen. Amounts are in the minor unit of their currency (ISO 4217).

CREATE TABLE payment_accounts (
    id uuid NOT NULL CONSTRAINT payment_accounts_pkey PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL CONSTRAINT payment_accounts_name CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    provider text NOT NULL, -- the name of an adapter
    sealed bytea NOT NULL, -- its settings with its keys, sealed
    is_default boolean NOT NULL DEFAULT false,
    closed_at timestamptz, -- it opens no more payments; those that it has opened are carried on
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX payment_accounts_name_key ON payment_accounts (app_id, name);
CREATE UNIQUE INDEX payment_accounts_default_key ON payment_accounts (app_id) WHERE is_default;

-- A payment outlives its booking: whoever erases a booking keeps the sums.
CREATE TABLE payments (
    id uuid NOT NULL CONSTRAINT payments_pkey PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    booking_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES payment_accounts (id),
    provider text NOT NULL,
    code text NOT NULL CONSTRAINT payments_code_key UNIQUE, -- of its page
    kind text NOT NULL CONSTRAINT payments_kind CHECK (kind IN ('full', 'deposit', 'balance', 'fee')),
    capture text NOT NULL CONSTRAINT payments_capture CHECK (capture IN ('now', 'on_confirm')),
    currency text NOT NULL,
    amount bigint NOT NULL CONSTRAINT payments_amount CHECK (amount > 0),
    state text NOT NULL DEFAULT 'created' CONSTRAINT payments_state CHECK (
        state IN ('created', 'open', 'processing', 'authorized', 'captured', 'failed', 'expired', 'voided')),
    ref text NOT NULL DEFAULT '',
    checkout_url text NOT NULL DEFAULT '',
    opened_as integer NOT NULL DEFAULT 1,
    expires_at timestamptz NOT NULL,
    capture_before timestamptz,
    authorized bigint NOT NULL DEFAULT 0,
    captured bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    disputed boolean NOT NULL DEFAULT false,
    late boolean NOT NULL DEFAULT false,
    failure_code text NOT NULL DEFAULT '',
    failure_text text NOT NULL DEFAULT '',
    action_id uuid, -- by which it has moved its booking, or is to
    refusals integer NOT NULL DEFAULT 0, -- how often its booking has refused an action of it
    honoured boolean NOT NULL DEFAULT false,
    letting_go boolean NOT NULL DEFAULT false, -- what is authorized is to be let go
    fetched_at timestamptz, -- when the provider was last asked
    next_at timestamptz, -- when it is to be looked at again; null when nothing is expected
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_by xid8 NOT NULL DEFAULT pg_current_xact_id(), -- readers follow the list by it: see 00012_lists.sql
    CONSTRAINT payments_sums CHECK (authorized >= 0 AND captured >= 0 AND refunded >= 0)
);
CREATE INDEX payments_booking ON payments (booking_id);
CREATE INDEX payments_listed ON payments (app_id, created_at, id);
CREATE INDEX payments_states ON payments (app_id, state, created_at, id);
CREATE INDEX payments_changed ON payments (app_id, changed_by, id);
CREATE INDEX payments_updated ON payments (app_id, updated_at, id);
CREATE INDEX payments_due ON payments (next_at) WHERE next_at IS NOT NULL;
CREATE UNIQUE INDEX payments_ref_key ON payments (account_id, ref) WHERE ref <> '';
CREATE TRIGGER payments_changed BEFORE UPDATE OF updated_at ON payments FOR EACH ROW EXECUTE FUNCTION holdfast_changed();

CREATE TABLE refunds (
    id uuid NOT NULL CONSTRAINT refunds_pkey PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    booking_id uuid NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CONSTRAINT refunds_amount CHECK (amount > 0),
    reason text NOT NULL CONSTRAINT refunds_reason CHECK (reason IN ('policy', 'owner', 'late', 'duplicate')),
    state text NOT NULL DEFAULT 'pending' CONSTRAINT refunds_state CHECK (
        state IN ('pending', 'succeeded', 'failed', 'by_hand', 'canceled')),
    ref text NOT NULL DEFAULT '',
    round integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz DEFAULT now(), -- when a pending one is due to be asked for, or to be looked at
    error_code text NOT NULL DEFAULT '',
    error_message text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX refunds_payment ON refunds (payment_id);

-- Which webhook requests of providers were seen. Their bodies are not kept: they may name people, and only say that something has changed.
CREATE TABLE provider_events (
    account_id uuid NOT NULL REFERENCES payment_accounts (id) ON DELETE CASCADE,
    event_id text NOT NULL,
    type text NOT NULL,
    payment_id uuid, -- null when no payment of the account was meant
    seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT provider_events_pkey PRIMARY KEY (account_id, event_id)
);
CREATE INDEX provider_events_seen ON provider_events (seen_at);

-- What a project's bookings cost, and what becomes of the money; both as they are on the booking when it is made.
ALTER TABLE projects ADD COLUMN price jsonb, ADD COLUMN payment_policy jsonb;
ALTER TABLE bookings ADD COLUMN payment jsonb; -- payment.Terms; null for a booking that costs nothing

-- Of the event of a payment or a refund: what it says of it.
ALTER TABLE events ADD COLUMN payment jsonb;
