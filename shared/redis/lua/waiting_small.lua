-- Answers the number of small jobs and questions that wait for a model.
local model = ARGV[2]

return (number_waiting(model, ''))
