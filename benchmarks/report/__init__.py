"""From numbers to what is read: columns, tables, sentences, pictures, and one page of HTML."""
