-- Comes before `comparisons` and `summaries`: adds up labels.

local function number_of(entries)
  local found = 0
  for _ in pairs(entries) do
    found = found + 1
  end
  return found
end

-- The labels of both; of none by its value if there are more than `most_values`.
local function sum_of_labels(labels, stored, most_values)
  labels.other = labels.other + stored.other
  labels.too_many = labels.too_many or stored.too_many
  for value, rows in pairs(stored.counts) do
    labels.counts[value] = (labels.counts[value] or 0) + rows
  end
  if labels.too_many or number_of(labels.counts) > most_values then
    for _, rows in pairs(labels.counts) do
      labels.other = labels.other + rows
    end
    labels.counts, labels.too_many = {}, true
  end
  return labels
end
