-- +goose Up
-- Seats of one session with one payment: one of them pays, and its payment has a part for each.
ALTER TABLE bookings ADD COLUMN payer_id uuid; -- the booking whose payment pays for it; null for one that pays itself
CREATE INDEX bookings_payer ON bookings (payer_id) WHERE payer_id IS NOT NULL;

-- A part outlives its booking, as the payment does.
CREATE TABLE payment_parts (
    payment_id uuid NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    booking_id uuid NOT NULL,
    amount bigint NOT NULL CONSTRAINT payment_parts_amount CHECK (amount >= 0),
    taken boolean NOT NULL DEFAULT false, -- the money has moved the booking; what it has not taken goes back
    CONSTRAINT payment_parts_pkey PRIMARY KEY (payment_id, booking_id)
);
CREATE INDEX payment_parts_booking ON payment_parts (booking_id);
ALTER TABLE refunds ADD COLUMN part_of uuid; -- the booking whose part goes back; null for a refund of the payment as a whole

-- Lists of payments by what waits for a person.
CREATE INDEX payments_disputed ON payments (app_id, created_at, id) WHERE disputed;
CREATE INDEX payments_late ON payments (app_id, created_at, id) WHERE late;
CREATE INDEX refunds_failed ON refunds (app_id, payment_id) WHERE state = 'failed';
