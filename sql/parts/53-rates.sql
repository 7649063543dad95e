-- Prices in a currency: exchange rates and quotes.

CREATE FUNCTION charmbills.set_exchange_rate(currency text, rate numeric, source text DEFAULT 'manual')
RETURNS charmbills.exchange_rates
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_exchange_rate';
COMMENT ON FUNCTION charmbills.set_exchange_rate(text, numeric, text) IS
'Says what one bitcoin costs in a currency from now on; six decimals are kept. Payments that waited for a rate are judged by it. For operators.';

CREATE FUNCTION charmbills.set_rate_source(currency text, url text, json_pointer text, refresh interval DEFAULT '5 minutes',
    max_age interval DEFAULT '1 hour')
RETURNS charmbills.currencies
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_rate_source';
COMMENT ON FUNCTION charmbills.set_rate_source(text, text, text, interval, interval) IS
'Has the worker fetch a currency''s rate from a JSON document, at this pointer, while anything is priced in it; a NULL url ends that. Nothing is quoted at a rate older than max_age. For operators.';

CREATE FUNCTION charmbills.quote_invoice(invoice_id uuid)
RETURNS charmbills.quotes
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_quote_invoice';
COMMENT ON FUNCTION charmbills.quote_invoice(uuid) IS
'How many sats pay what is missing on an invoice in a currency. A payment first seen while the quote is valid is judged at its rate. While a quote is valid and nothing has come in, it is given again.';
